//! The semantic layer: views, filters, plans. Pure.
