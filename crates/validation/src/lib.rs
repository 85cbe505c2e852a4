//! Validation by ETSI EN 319 102-1 v1.4.1: an indication with its reasons, from a signature, evidence, a policy
//! and a time; pure.
//!
//! Nothing is fetched here: what is missing comes back as [`report::Need`], the caller gathers it and asks again.
//! The same signature, evidence, policy and time give the same report.

pub mod attempt;
mod beside;
pub mod cache;
mod chain;
mod cms;
pub mod context;
pub mod document;
mod document_stamp;
pub mod etsi;
mod evaluation;
pub mod evidence;
pub mod indication;
mod library;
mod past;
mod pdf;
mod poe;
pub mod policy;
pub mod report;
mod settle;
mod status;
pub mod suites;
mod target;
mod times;
mod timestamp;
pub mod trust;
mod xml;

pub use cache::PathCache;
pub use cms::validate_cms_signer;
pub use context::Context;
pub use document::DocumentSecurity;
pub use pdf::{pdf_level, validate_pdf_signature};
pub use xml::{ExternalData, validate_xml_signature, xml_signatures};
