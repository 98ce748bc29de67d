//! Operating: health, own figures, the document of the API.

pub mod figures;
pub mod health;
pub mod openapi;
pub mod rate_limit;
