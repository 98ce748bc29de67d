//! `POST /v1/l/batch` — traces and observations.

mod wire;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use xtrace_ingest::native::{DecodedItem, ItemError, Patch, decode_batch};
use xtrace_store::{Outcome as Committed, ProjectScope, Write as StoreWrite, WriteItem};

use super::stored::{Failure, Outcome, PartlyStored, Stored, Success, Warning};
use crate::app::App;
use crate::auth::{ProjectAuth, Write};
use crate::body::AdmittedJson;
use crate::error::{ApiResult, ErrorBody};

/// Store traces and observations
///
/// One trace with observations of any traces, or an array of such bodies. Sent in parts, the parts merge field by
/// field; sent again, nothing changes; null means absent. Answered when all of it is on disk and can be read. An item
/// that is wrong is named in the answer, and all others are stored. A part of an item that makes no sense (a negative
/// number of tokens) is left out, and named among the warnings. gzip, zstd and deflate bodies are taken.
#[utoipa::path(post, path = "/v1/l/batch", operation_id = "writeBatch", tag = "writing",
    request_body(content = wire::BatchBodies, content_type = "application/json",
        description = "`{\"trace\": {…} | null, \"observations\": […]}`, or an array of such bodies",
        example = json!({"trace": {"id": "t1", "name": "chat"}, "observations": [{"id": "o1", "traceId": "t1", "model": "gpt-4o"}]})),
    responses(
        (status = 200, description = "All items are stored.", body = Stored),
        (status = 207, description = "Some items are not stored, and why.", body = PartlyStored),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 429, description = "The queue is full; `Retry-After` says when to come back.", body = ErrorBody),
        (status = 503, description = "The store is not available; nothing was stored.", body = ErrorBody)))]
pub async fn write(
    auth: ProjectAuth<Write>,
    State(app): State<App>,
    AdmittedJson { bytes, admitted }: AdmittedJson,
) -> ApiResult<Response> {
    let decoded = decode_batch(&bytes, app.receipt());
    let decoded =
        decoded.inspect_err(|_| app.figures().ingest().count_refused("unreadable_body", 1))?;
    drop(bytes);
    let mut sorted = Sorted::default();
    for item in decoded.items {
        sorted.take(item, auth.scope(), &app);
    }
    let report = app.ingest().submit(admitted, sorted.writes).await?;
    let mut outcome = Outcome {
        rejected: sorted.failures.len() as u64,
        successes: Some(Vec::new()),
        errors: sorted.failures,
        warnings: sorted.warnings,
        ..Outcome::default()
    };
    for (stored, committed) in sorted.names.into_iter().zip(report) {
        outcome.note(stored, committed);
    }
    Ok(outcome.into_response())
}

/// What the answer calls an item.
struct Name {
    id: Box<str>,
    kind: &'static str,
    item: String,
}

#[derive(Default)]
struct Sorted {
    writes: Vec<WriteItem>,
    names: Vec<Name>,
    failures: Vec<Failure>,
    warnings: Vec<Warning>,
}

impl Sorted {
    fn take(&mut self, item: DecodedItem, scope: &ProjectScope, app: &App) {
        let kind = item.place.part.kind();
        let warning = |note: ItemError| Warning {
            id: item.id.clone(),
            item: item.place.to_string(),
            code: note.fault.as_str().to_owned(),
            message: note.to_string(),
            field: note.field,
        };
        self.warnings.extend(item.notes.into_iter().map(warning));
        match item.result {
            Ok(patch) => {
                let (id, write) = match patch {
                    Patch::Trace { id, patch } => {
                        (id.as_str().into(), StoreWrite::Trace { id, patch })
                    }
                    Patch::Observation { key, patch } => (
                        key.id.as_str().into(),
                        StoreWrite::Observation { key, patch },
                    ),
                };
                self.names.push(Name {
                    id,
                    kind,
                    item: item.place.to_string(),
                });
                self.writes.push(WriteItem {
                    scope: scope.clone(),
                    write,
                });
            }
            Err(error) => {
                app.figures()
                    .ingest()
                    .count_refused(error.fault.as_str(), 1);
                self.failures.push(Failure {
                    id: item.id,
                    item: item.place.to_string(),
                    status: 400,
                    code: error.fault.as_str().to_owned(),
                    message: error.to_string(),
                    field: Some(error.field),
                });
            }
        }
    }
}

impl Outcome {
    fn note(&mut self, name: Name, committed: Committed) {
        let status = match committed {
            Committed::Accepted | Committed::Points { .. } => {
                self.accepted += 1;
                201
            }
            Committed::Duplicate => {
                self.duplicate += 1;
                200
            }
            Committed::Rejected(rejection) => {
                self.rejected += 1;
                return self.errors.push(Failure {
                    id: Some(name.id),
                    item: name.item,
                    status: 400,
                    code: rejection.code.to_owned(),
                    field: None,
                    message: rejection.reason,
                });
            }
        };
        if let Some(successes) = &mut self.successes {
            successes.push(Success {
                id: name.id,
                kind: name.kind,
                status,
            });
        }
    }
}

#[cfg(test)]
mod tests;
