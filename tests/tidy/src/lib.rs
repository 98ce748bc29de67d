//! Rules of the tree as tests; see `tests/`.
