//! The payload store's pure part: every message once.
//!
//! Each call of an agent repeats the conversation so far. Here a payload's text is [`split()`] at message boundaries
//! into parts named by a hash of their content; the observation keeps a [`Recipe`], equal parts are kept once, and a
//! [`Joiner`] gives back the text byte for byte. A [`Codec`] compresses parts, best with a dictionary that a
//! [`Trainer`] makes of parts seen before.
//!
//! * The encoding of recipes is in [`recipe`], where texts are cut in [`mod@split`], the header of compressed
//!   bodies in [`compress`]. All are stored formats: what is written once stays readable. Where texts are cut may
//!   change: old recipes stay valid, only nothing is shared with new ones.
//! * Parts belong to a project: ids of different projects must not meet in one key space, or who guesses a text
//!   learns whether somebody else has sent it.
//!
//! Pure: no I/O, no clock, no threads. What it does not do: store, count references, forget; the engines do.

pub mod compress;
mod error;
pub mod join;
mod part;
pub mod recipe;
pub mod split;

pub use compress::{Codec, Dictionary, Trainer};
pub use error::PayloadError;
pub use join::{Joiner, Message};
pub use part::PartId;
pub use recipe::{Item, Kind, Recipe, Reference};
pub use split::{Part, Split, split};
