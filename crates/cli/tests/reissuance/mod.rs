//! Parts of the tests of reissuance requests.

mod foreign;
mod kills;
mod refusals;
