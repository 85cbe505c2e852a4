//! Measures kyso as ratios against bare operations of the same run.

mod quiet;

fn main() {}
