//! Validation by ETSI EN 319 102-1 v1.4.1: an indication with its reasons, from a signature, evidence, a policy
//! and a time; pure.
//!
//! Nothing is fetched here: what is missing comes back as [`report::Need`], the caller gathers it and asks again.
//! The same signature, evidence, policy and time give the same report.

pub mod etsi;
pub mod evidence;
pub mod indication;
pub mod policy;
pub mod report;
pub mod trust;
