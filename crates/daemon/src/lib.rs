//! The local daemon.

pub mod config;
pub mod explain;
pub mod files;
pub mod text;
