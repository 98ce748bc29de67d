//! The storage seam: traits, capabilities, errors, shared lowering.
