//! Identifiers: opaque strings of 1 to 256 bytes (design §2), compared bytewise.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest identifier, in bytes of UTF-8.
pub const ID_BYTES_MAX: usize = 256;

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("is empty")]
    Empty,
    #[error("has {0} bytes; the limit is {ID_BYTES_MAX}")]
    TooLong(usize),
    #[error("contains the character U+0000")]
    Nul,
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong(text.len()));
    }
    if text.contains('\0') {
        return Err(IdError::Nul);
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes any text of 1 to [`ID_BYTES_MAX`] bytes without U+0000.
            ///
            /// # Errors
            /// [`IdError`] says which of these does not hold.
            pub fn new(text: impl Into<Box<str>>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// A tenant: everything stored belongs to exactly one project.
    ProjectId
}
id! {
    /// A trace within a project.
    TraceId
}
id! {
    /// An observation within a trace; two traces may use the same one.
    ObservationId
}

/// The full key of an observation within a project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObservationKey {
    pub trace_id: TraceId,
    pub id: ObservationId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_any_short_text_and_names_what_is_wrong_with_others() {
        assert_eq!(TraceId::new("trace 1/ü").unwrap().as_str(), "trace 1/ü");
        assert_eq!(TraceId::new(""), Err(IdError::Empty));
        assert_eq!(TraceId::new("a\0b"), Err(IdError::Nul));
        assert!(TraceId::new("x".repeat(256)).is_ok());
        assert_eq!(TraceId::new("x".repeat(257)), Err(IdError::TooLong(257)));
    }
}
