//! PURE: which exporter counts at which moment.
//!
//! Of several exporters one counts at a time: one with consensus before one without, then the
//! one that reports the worse state; everything is taken from it. So an exporter that moves to
//! another machine leaves neither a gap nor anything twice.

use super::source::{LATE, Source};

/// The time for which one sample is valid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// In unix seconds.
    pub begin: f64,
    /// In unix seconds, later than `begin`.
    pub end: f64,
    /// Which exporter's.
    pub source: usize,
    /// Which of its samples.
    pub sample: usize,
}

/// Which sample counts when, in order and without overlap; `until` is the last moment.
pub(super) fn pieces(sources: &[Source], until: f64) -> Vec<Piece> {
    let mut pieces = sweep(sources, until);
    close(&mut pieces, sources);
    pieces
}

/// Which sample counts when, the best of all exporters that have one.
fn sweep(sources: &[Source], until: f64) -> Vec<Piece> {
    let all = sources.iter().enumerate().flat_map(|(source, of)| {
        (0..of.times.len()).map(move |sample| {
            let begin = of.times[sample];
            Piece { begin, end: begin + of.validity(sample, until), source, sample }
        })
    });
    let mut all: Vec<_> = all.collect();
    if sources.len() < 2 {
        return all;
    }
    all.sort_by(|a, b| a.begin.total_cmp(&b.begin));
    let mut pieces: Vec<Piece> = Vec::with_capacity(all.len());
    // At most one of each exporter.
    let mut open: Vec<Piece> = Vec::new();
    let mut coming = all.into_iter().peekable();
    let mut now = f64::NEG_INFINITY;
    loop {
        let next_begin = coming.peek().map(|piece| piece.begin);
        let next_end = open.iter().map(|piece| piece.end).reduce(f64::min);
        let Some(next) = [next_begin, next_end].into_iter().flatten().reduce(f64::min) else {
            return pieces;
        };
        // Among equals always the same one, whatever came before.
        let rank = |piece: &Piece| (sources[piece.source].rank(piece.sample), piece.source);
        let best = open.iter().min_by_key(|piece| rank(piece));
        if let Some(best) = best.filter(|_| next > now) {
            match pieces.last_mut() {
                Some(last) if (last.source, last.sample, last.end) == (best.source, best.sample, now) => {
                    last.end = next;
                }
                _ => pieces.push(Piece { begin: now, end: next, ..*best }),
            }
        }
        now = next;
        open.retain(|piece| piece.end > now);
        while let Some(piece) = coming.next_if(|piece| piece.begin <= now) {
            open.retain(|other| other.source != piece.source);
            open.push(piece);
        }
    }
}

/// A sample that comes a little late, perhaps from another exporter, leaves no gap.
fn close(pieces: &mut [Piece], sources: &[Source]) {
    for k in 1..pieces.len() {
        let next = pieces[k].begin;
        let before = &mut pieces[k - 1];
        let source = &sources[before.source];
        if before.end < next && next - source.times[before.sample] <= LATE * source.allowed(before.sample) {
            before.end = next;
        }
    }
}
