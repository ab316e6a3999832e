//! x
mod chart;
mod series;
mod text;
fn main() {}
