//! `POST /v1/metrics/batch` — points of metric series.

mod wire;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use xtrace_ingest::native::{RejectedPoint, decode_points};
use xtrace_store::{Outcome as Committed, Write as StoreWrite, WriteItem};

use crate::app::App;
use crate::auth::{ProjectAuth, Write};
use crate::body::AdmittedJson;
use crate::error::{ApiResult, ErrorBody};
use crate::routes::native::stored::{Failure, Outcome, PartlyStored, Stored};

/// Store metric points
///
/// A point is known by its name, labels and timestamp: sent again, it counts once; with another value, the later value
/// stands. Answered when all points are on disk and can be read. A point that is wrong is named, all others are stored.
#[utoipa::path(post, path = "/v1/metrics/batch", operation_id = "writePoints", tag = "writing",
    request_body(content = wire::PointsBody, content_type = "application/json",
        description = "`{\"metrics\": [{\"name\", \"labels\", \"value\", \"timestamp\"}]}`",
        example = json!({"metrics": [{"name": "gpu_utilization", "labels": {"node_id": "n1"}, "value": 93.5, "timestamp": "2026-11-21T12:00:00Z"}]})),
    responses(
        (status = 200, description = "All points are stored.", body = Stored),
        (status = 207, description = "Some points are not stored, and why.", body = PartlyStored),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 429, description = "The queue is full; `Retry-After` says when to come back.", body = ErrorBody),
        (status = 503, description = "The store is not available; nothing was stored.", body = ErrorBody)))]
pub async fn write(
    auth: ProjectAuth<Write>,
    State(app): State<App>,
    AdmittedJson { bytes, admitted }: AdmittedJson,
) -> ApiResult<Response> {
    let decoded = decode_points(&bytes, &app.options().metric_limits, app.receipt());
    let decoded =
        decoded.inspect_err(|_| app.figures().ingest().count_refused("unreadable_body", 1))?;
    drop(bytes);
    let errors: Vec<Failure> = decoded
        .rejected
        .into_iter()
        .map(|point| failure(point, &app))
        .collect();
    let mut writes = Vec::with_capacity(decoded.series.len());
    let mut names = Vec::with_capacity(decoded.series.len());
    for series in decoded.series {
        names.push((series.series.name.clone(), series.points.len()));
        let write = StoreWrite::Points {
            series: series.series,
            points: series.points,
        };
        writes.push(WriteItem {
            scope: auth.scope().clone(),
            write,
        });
    }
    let report = app.ingest().submit(admitted, writes).await?;
    let mut outcome = Outcome {
        rejected: errors.len() as u64,
        errors,
        labels_dropped: decoded.labels_dropped,
        ..Outcome::default()
    };
    for ((name, count), committed) in names.into_iter().zip(report) {
        match committed {
            Committed::Accepted => outcome.accepted += count as u64,
            Committed::Duplicate => outcome.duplicate += count as u64,
            Committed::Points {
                accepted,
                duplicate,
            } => {
                outcome.accepted += accepted;
                outcome.duplicate += duplicate;
            }
            Committed::Rejected(rejection) => {
                outcome.rejected += count as u64;
                outcome.errors.push(Failure {
                    id: Some(name),
                    item: format!("{count} points of one series"),
                    status: 400,
                    code: rejection.code.to_owned(),
                    field: None,
                    message: rejection.reason,
                });
            }
        }
    }
    Ok(outcome.into_response())
}

fn failure(point: RejectedPoint, app: &App) -> Failure {
    let fault = point.error.fault.as_str();
    app.figures().ingest().count_refused(fault, 1);
    Failure {
        id: point.name,
        item: format!("metrics[{}]", point.index),
        status: 400,
        code: fault.to_owned(),
        message: point.error.to_string(),
        field: Some(point.error.field),
    }
}

#[cfg(test)]
mod tests;
