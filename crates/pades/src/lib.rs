//! PDF reading, incremental signing and PAdES; pure.
