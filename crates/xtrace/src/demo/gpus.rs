//! The signals of two nodes with four GPUs each and of the models they serve, one point a minute.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use xtrace_model::Timestamp;

/// A day is sent in this many requests of six hours.
pub const BATCHES_PER_DAY: u64 = 4;

const MINUTES_PER_BATCH: i64 = 6 * 60;
const MICROS_PER_MINUTE: i64 = 60_000_000;
const SERVED: [(&str, u32); 2] = [("qwen3-32b", 2), ("bge-m3", 1)];

/// All points of one batch that are not in the future.
pub fn points(seed: u64, day: Timestamp, batch: u64, now: Timestamp) -> Vec<Value> {
    let mut random = StdRng::seed_from_u64(seed ^ day.as_micros().cast_unsigned() ^ batch);
    let mut points = Vec::new();
    for minute in 0..MINUTES_PER_BATCH {
        let minute_of_day = minute + batch.cast_signed() * MINUTES_PER_BATCH;
        let at = day.saturating_add_micros(minute_of_day * MICROS_PER_MINUTE);
        if at > now {
            break;
        }
        gpu_points(&mut random, at, minute_of_day, &mut points);
        model_points(&mut random, at, minute_of_day, &mut points);
    }
    points
}

/// Between 0.15 at night and 1 in the afternoon.
pub fn load_at(minute_of_day: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "minutes of a day")]
    let angle = (minute_of_day as f64 / 1440.0 - 0.625) * std::f64::consts::TAU;
    0.575 + 0.425 * angle.cos()
}

fn gpu_points(random: &mut StdRng, at: Timestamp, minute_of_day: i64, points: &mut Vec<Value>) {
    let load = load_at(minute_of_day);
    for node in ["gpu-node-1", "gpu-node-2"] {
        for gpu in 0..4 {
            let utilization = (100.0 * load * random.random_range(0.7..1.15)).clamp(0.0, 100.0);
            let labels = json!({ "node_id": node, "gpu_index": gpu.to_string() });
            let used = 12_000.0 + utilization * 600.0;
            let values = [
                ("gpu_utilization", utilization),
                (
                    "gpu_temperature",
                    38.0 + utilization * 0.42 + random.random_range(-1.5..1.5),
                ),
                ("gpu_memory_used_mb", used),
                ("gpu_memory_total_mb", 81_920.0),
            ];
            points.extend(values.map(|(name, value)| point(name, &labels, at, value)));
        }
    }
}

fn model_points(random: &mut StdRng, at: Timestamp, minute_of_day: i64, points: &mut Vec<Value>) {
    let load = load_at(minute_of_day);
    for (model, replicas) in SERVED {
        for replica in 0..replicas {
            let labels = json!({ "model_uid": model, "replica_id": replica.to_string() });
            let values = [
                (
                    "pending_requests",
                    (load * random.random_range(0.0..12.0)).floor(),
                ),
                (
                    "kv_cache_usage",
                    (load * random.random_range(0.5..0.95)).min(1.0),
                ),
                ("prefix_cache_hit_rate", random.random_range(0.35..0.8)),
            ];
            points.extend(values.map(|(name, value)| point(name, &labels, at, value)));
        }
    }
}

fn point(name: &str, labels: &Value, at: Timestamp, value: f64) -> Value {
    let value = (value * 100.0).round() / 100.0;
    json!({ "name": name, "labels": labels, "timestamp": at.to_string(), "value": value })
}
