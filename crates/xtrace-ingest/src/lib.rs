//! Admission, decoding, normalising, group commit.
