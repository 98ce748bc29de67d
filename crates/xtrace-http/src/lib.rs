//! The HTTP edge: auth, errors, limits, routes.
