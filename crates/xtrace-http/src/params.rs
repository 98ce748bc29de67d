//! Query parameters: from the raw query string to typed values, conditions and pages.
//!
//! Each filter is declared once as data ([`filter::FilterParam`]); parsing, error messages and the API
//! description come from that declaration. Pure: what it deliberately does not do is ask a store.

pub mod document;
pub mod filter;
pub mod groups;
pub mod list;
pub mod metric;
pub mod order;
pub mod page;
pub mod query_string;
pub mod time;
pub mod value;

pub use groups::FieldGroups;
pub use list::ListQuery;
pub use page::Page;
pub use query_string::QueryString;
