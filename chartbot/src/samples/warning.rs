//! PURE: what a reader has to know of an answer beside its numbers.

/// Something about the data itself that would mislead if it went unsaid.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// A part of the storage did not answer.
    Partial,
    /// The server's own words.
    Said(String),
    /// Prometheus renamed this label, since its target already has one of that name: numbers
    /// appear under the wrong name.
    Renamed(&'static str),
    /// The clock of the exporter's machine is so many seconds ahead of Prometheus' (below zero:
    /// behind).
    Clock(f64),
}
