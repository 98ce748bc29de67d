//! The figures of the engine for operators.

use std::sync::atomic::{AtomicU64, Ordering};

use xtrace_store::StoreStats;

use crate::errors::EmbeddedError;
use crate::instance::Instance;

/// Figures as they are now.
pub fn stats(instance: &Instance) -> Result<StoreStats, EmbeddedError> {
    let truth_bytes = instance.truth.disk_bytes()?;
    let (file_bytes, log_bytes) = instance.projection.file_bytes();
    let mut gauges = of_projection(instance, (file_bytes, log_bytes));
    gauges.push(("truth_bytes", gauge(truth_bytes)));
    gauges.push((
        "truth_stalled_seconds_total",
        instance.truth.stalled_seconds(),
    ));
    gauges.extend(of_payloads(instance));
    // Until points are written or asked for nobody has counted them.
    let series = instance.series.read().expect("no panic while held");
    gauges.extend(
        series
            .as_ref()
            .map(|series| ("series", gauge(series.count()))),
    );
    drop(series);
    Ok(StoreStats {
        engine: "embedded",
        version: format!("format {}", crate::lock::FORMAT_VERSION),
        disk_bytes: truth_bytes + file_bytes + log_bytes,
        gauges,
    })
}

fn of_projection(
    instance: &Instance,
    (file_bytes, log_bytes): (u64, u64),
) -> Vec<(&'static str, f64)> {
    let figures = *instance.figures.lock().expect("no panic while held");
    vec![
        ("hot_rows", gauge(instance.projection.hot_rows())),
        (
            "hot_generations",
            gauge(instance.projection.generation_count() as u64),
        ),
        ("projection_file_bytes", gauge(file_bytes)),
        ("projection_log_bytes", gauge(log_bytes)),
        ("moves_total", gauge(figures.moves)),
        ("move_failures_total", gauge(figures.failures)),
        ("last_move_rows", gauge(figures.last.rows)),
        ("last_move_seconds", figures.last.took.as_secs_f64()),
        ("checkpoints_total", gauge(figures.checkpoints)),
        ("last_checkpoint_seconds", figures.last_checkpoint_seconds),
    ]
}

fn of_payloads(instance: &Instance) -> Vec<(&'static str, f64)> {
    let (truth, parts) = (&instance.truth, &instance.parts);
    let total = |figure: &AtomicU64| gauge(figure.load(Ordering::Relaxed));
    let figures = &parts.figures;
    vec![
        ("payload_partitions", gauge(truth.partitions().len() as u64)),
        ("payload_bytes", gauge(truth.payload_bytes())),
        (
            "payload_dictionaries",
            gauge(truth.codecs.dictionary_count() as u64),
        ),
        ("parts_referred_total", total(&figures.referred)),
        ("parts_written_total", total(&figures.written)),
        ("parts_written_bytes_total", total(&figures.written_bytes)),
        ("parts_removed_total", total(&figures.removed)),
        ("parts_marked", gauge(parts.mark_count() as u64)),
        ("parts_left_unmarked_total", total(&figures.left)),
        ("sweeps_total", total(&figures.sweeps)),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn gauge(value: u64) -> f64 {
    value as f64
}
