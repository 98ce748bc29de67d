//! The rules, by what they are about. A rule that fails says where and what to do.

mod directions;
mod documents;
mod manifests;
mod migrations;
mod names;
mod sizes;
mod words;
