//! The routes, one file each; handlers parse, call, map.

pub(crate) mod batches;
pub(crate) mod certificates;
pub(crate) mod documents;
pub(crate) mod health;
pub(crate) mod info;
pub(crate) mod journal;
pub(crate) mod openapi;
pub(crate) mod operations;
pub(crate) mod reissuance;
pub(crate) mod signatures;
pub(crate) mod tokens;
pub(crate) mod verifications;
