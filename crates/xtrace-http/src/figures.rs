//! Own figures: requests by route and status, and everything others register, as Prometheus text.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use xtrace_ingest::IngestFigures;
use xtrace_store::{Engine, StoreStats};

/// The store is asked for its figures at most this often.
const STATS_AGE_MAX: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: String,
    route: String,
}

pub struct Figures {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram>,
    pub in_flight: Gauge,
    pub panics: Counter,
    pub failed_logins: Counter,
    ingest: Arc<IngestFigures>,
    engine: Arc<dyn Engine>,
    stats: Mutex<Option<(Instant, StoreStats)>>,
}

impl Figures {
    pub fn new(ingest: &Arc<IngestFigures>, engine: Arc<dyn Engine>) -> Self {
        let mut registry = Registry::default();
        ingest.register(&mut registry);
        let requests = Family::default();
        let seconds = Family::<Asked, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.0005, 2.0, 16))
        });
        let (in_flight, panics) = (Gauge::default(), Counter::default());
        let http = registry.sub_registry_with_prefix("xtrace_http");
        http.register(
            "requests",
            "Requests answered, by route and status",
            requests.clone(),
        );
        let help = "Time to answer, by route: query latency for the reading routes";
        http.register_with_unit("request", help, Unit::Seconds, seconds.clone());
        http.register(
            "requests_in_flight",
            "Requests being answered",
            in_flight.clone(),
        );
        http.register(
            "panics",
            "Handlers that panicked: each is a defect",
            panics.clone(),
        );
        let failed_logins = Counter::default();
        http.register(
            "failed_logins",
            "Requests with wrong credentials",
            failed_logins.clone(),
        );
        let (ingest, stats) = (ingest.clone(), Mutex::default());
        Self {
            registry,
            requests,
            seconds,
            in_flight,
            panics,
            failed_logins,
            ingest,
            engine,
            stats,
        }
    }

    /// For counting what is refused before it reaches the queue.
    pub fn ingest(&self) -> &IngestFigures {
        &self.ingest
    }

    /// `route` is the pattern, never the path: a path would make a series per trace.
    pub fn count(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        let asked = Asked {
            method: method.clone(),
            route: route.clone(),
        };
        self.seconds
            .get_or_create(&asked)
            .observe(elapsed.as_secs_f64());
        self.requests
            .get_or_create(&Answered {
                method,
                route,
                status,
            })
            .inc();
    }

    /// Everything as `OpenMetrics` text. A store that does not answer leaves its figures out and says so.
    pub async fn to_text(&self) -> Result<String, std::fmt::Error> {
        let stats = self.store_stats().await;
        let mut store = Registry::with_prefix("xtrace_store");
        let is_up: Gauge = Gauge::default();
        is_up.set(i64::from(stats.is_some()));
        store.register("up", "Whether the store gave its figures", is_up);
        if let Some(stats) = stats {
            register_stats(&mut store, &stats);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        let own_end = text.trim_end().trim_end_matches("# EOF").len();
        text.truncate(own_end);
        encode(&mut text, &store)?;
        Ok(text)
    }

    async fn store_stats(&self) -> Option<StoreStats> {
        if let Some((taken, stats)) = &*self.stats.lock().expect("no panic while held")
            && taken.elapsed() < STATS_AGE_MAX
        {
            return Some(stats.clone());
        }
        match tokio::time::timeout(STATS_AGE_MAX, self.engine.stats()).await {
            Ok(Ok(stats)) => {
                let kept = Some((Instant::now(), stats.clone()));
                *self.stats.lock().expect("no panic while held") = kept;
                Some(stats)
            }
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the store gives no figures"
                );
                None
            }
            Err(_) => {
                tracing::warn!("the store gave no figures within {STATS_AGE_MAX:?}");
                None
            }
        }
    }
}

type FloatGauge = Gauge<f64, std::sync::atomic::AtomicU64>;

fn register_stats(registry: &mut Registry, stats: &StoreStats) {
    let size = FloatGauge::default();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    size.set(stats.disk_bytes as f64);
    registry.register_with_unit("disk", "Size of the store on disk", Unit::Bytes, size);
    for (name, value) in &stats.gauges {
        let gauge = FloatGauge::default();
        gauge.set(*value);
        registry.register(*name, "A figure of this engine", gauge);
    }
}
