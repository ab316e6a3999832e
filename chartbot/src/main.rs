//! x
#[allow(dead_code, unused_imports)]
mod chart;
#[allow(dead_code)]
mod series;
#[allow(dead_code)]
mod text;
fn main() {}
