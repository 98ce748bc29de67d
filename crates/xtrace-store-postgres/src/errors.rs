//! What the server's and the driver's errors mean to callers.

use sqlx::error::DatabaseError;
use xtrace_store::{ErrorKind, StoreError};

/// An error with the operation it came from.
pub fn store_error(op: &'static str, error: sqlx::Error) -> StoreError {
    StoreError::new(kind_of(&error), op, error)
}

/// `map_err` in short.
pub trait InOperation<T> {
    /// Names the operation an error belongs to.
    fn during(self, op: &'static str) -> Result<T, StoreError>;
}

impl<T> InOperation<T> for Result<T, sqlx::Error> {
    fn during(self, op: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| store_error(op, error))
    }
}

/// The category of an error.
pub fn kind_of(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::Database(error) => kind_of_code(&code_of(error.as_ref())),
        // A connection that is refused, lost, or not to be had in time: the server is away or overwhelmed.
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => ErrorKind::Unavailable,
        sqlx::Error::Configuration(_) => ErrorKind::Invalid,
        _ => ErrorKind::Internal,
    }
}

/// The category of an SQLSTATE.
fn kind_of_code(code: &str) -> ErrorKind {
    match code {
        // query_canceled: by the statement's time limit.
        "57014" => ErrorKind::Timeout,
        // serialization_failure, deadlock_detected, lock_not_available.
        "40001" | "40P01" | "55P03" => ErrorKind::Conflict,
        // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped; a standby that cannot write.
        "57P01" | "57P02" | "57P03" | "57P04" | "25006" => ErrorKind::Unavailable,
        // program_limit_exceeded and its kin: one value is beyond what the server can hold.
        _ if code.starts_with("54") => ErrorKind::TooLarge,
        // connection_exception; insufficient_resources (disk_full, too_many_connections, out_of_memory);
        // system_error (an I/O error of the server).
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("58") => {
            ErrorKind::Unavailable
        }
        // data_exception.
        _ if code.starts_with("22") => ErrorKind::Invalid,
        // data_corrupted, index_corrupted.
        "XX001" | "XX002" => ErrorKind::Corrupt,
        // invalid_password, invalid_authorization: an operator must act, and can, while we wait.
        _ if code.starts_with("28") => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

/// Whether the data of one item is to blame, so that its neighbours can still be stored.
pub fn is_of_one_item(error: &sqlx::Error) -> bool {
    matches!(kind_of(error), ErrorKind::Invalid | ErrorKind::TooLarge)
        && error.as_database_error().is_some()
}

/// Whether the same transaction may succeed when it is run again at once.
pub fn is_transient(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    // check_violation on a partitioned table: the partition was detached or not yet there; undefined_table: dropped
    // while the statement was planned; unique_violation: another process was quicker.
    matches!(
        &*code_of(error),
        "40001" | "40P01" | "23514" | "23505" | "42P01"
    )
}

/// Whether a lock was not to be had within the time that `lock_timeout` allows.
pub fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| code_of(error) == "55P03")
}

fn code_of(error: &dyn DatabaseError) -> String {
    error
        .code()
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use xtrace_store::ErrorKind;

    use super::{kind_of, kind_of_code};

    #[test]
    fn tells_a_server_that_is_away_from_a_wrong_question_and_from_a_defect() {
        for (code, kind) in [
            ("57014", ErrorKind::Timeout),
            ("40P01", ErrorKind::Conflict),
            ("57P01", ErrorKind::Unavailable),
            ("57P03", ErrorKind::Unavailable),
            ("53300", ErrorKind::Unavailable),
            ("53100", ErrorKind::Unavailable),
            ("08006", ErrorKind::Unavailable),
            ("22021", ErrorKind::Invalid),
            ("54000", ErrorKind::TooLarge),
            ("42601", ErrorKind::Internal),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
        assert_eq!(kind_of(&sqlx::Error::PoolTimedOut), ErrorKind::Unavailable);
        assert_eq!(
            kind_of(&sqlx::Error::Io(
                std::io::ErrorKind::ConnectionRefused.into()
            )),
            ErrorKind::Unavailable
        );
        assert_eq!(kind_of(&sqlx::Error::RowNotFound), ErrorKind::Internal);
    }
}
