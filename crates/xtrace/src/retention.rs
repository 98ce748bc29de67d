//! Retention in the background.

use std::sync::Arc;

use tracing::{error, info};
use xtrace_model::{Clock, Timestamp};
use xtrace_store::{Engine, Expiry};

use crate::config::RetentionConfig;

const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;

/// Takes away what is too old, at start and then every interval. Where everything is kept, what deleting and replacing
/// have left behind is taken away nevertheless.
pub async fn run(engine: Arc<dyn Engine>, config: RetentionConfig, clock: Arc<dyn Clock>) {
    let mut rounds = tokio::time::interval(config.interval());
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        match engine.expire(expiry(&config, clock.now())).await {
            Ok(expired) => info!(
                traces = expired.traces,
                points = expired.points,
                "retention done"
            ),
            Err(error) => {
                let error = anyhow::Error::from(error);
                error!(
                    error = format!("{error:#}"),
                    "retention failed; the next round tries again"
                );
            }
        }
    }
}

fn expiry(config: &RetentionConfig, now: Timestamp) -> Expiry {
    let before = |days: u32| {
        (days > 0).then(|| now.saturating_add_micros(-i64::from(days) * MICROS_PER_DAY))
    };
    Expiry {
        traces_before: before(config.traces_days),
        points_before: before(config.metrics_days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_days_keep_everything() {
        let config = RetentionConfig {
            traces_days: 0,
            metrics_days: 30,
            interval_hours: 1,
        };
        let now = Timestamp::parse("2026-11-30T00:00:00Z").unwrap();
        let expiry = expiry(&config, now);
        assert_eq!(expiry.traces_before, None);
        assert_eq!(
            expiry.points_before.unwrap().to_string(),
            "2026-10-31T00:00:00Z"
        );
    }
}
