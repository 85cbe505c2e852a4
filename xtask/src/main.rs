//! What a person or CI runs: set-up, test, bench, demo.

fn main() {}
