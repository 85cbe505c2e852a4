//! Makes `data/units-2025.txt` anew: `cargo run -p kyso-reissue --example units -- admin-units-2025.csv > units-2025.txt`.
#![allow(
    clippy::disallowed_methods,
    reason = "a tool beside the pure crate: it reads the table from a file"
)]

mod encode;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("which CSV file?")?;
    let csv = std::fs::read_to_string(path)?;
    print!("{}", encode::compact(&encode::rows(&csv)));
    Ok(())
}
