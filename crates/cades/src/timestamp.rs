//! Time-stamps (RFC 3161, with the ESSCertIDv2 of RFC 5816): requests, responses, tokens and their verification.

mod error;
mod request;
mod response;
mod token;
mod tst_info;
mod verify;

pub use error::{ResponseError, ResponseMismatch, TokenError, TstInfoError};
pub use request::TimeStampRequest;
pub use response::{PkiFailureInfo, PkiStatus, TimeStampResponse};
pub use token::TimeStampToken;
pub use tst_info::TstInfo;
pub use verify::{TokenFailure, VerifiedToken, verify_token};
