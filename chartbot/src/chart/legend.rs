//! The legend: what each ink stands for, in as few rows as hold it.

use super::{
    font::{self, Fonts, Weight},
    layout::BODY,
    shape::{Dash, Hatch, Ink, Label, Line, Point, Rect},
};
use crate::samples::grid::Cause;

/// From one baseline to the next.
const ROW: f32 = 42.0;
/// The sample of an ink before its name.
const KEY: f32 = 28.0;
const KEY_WIDTH: f32 = 6.0;
/// Between a key and its name, and from there to the next key.
const AFTER_KEY: f32 = 12.0;
const BETWEEN: f32 = 36.0;
/// Names are cut to at most so many pixels, the first of these with which all entries fit.
const ROOMS: [f32; 8] = [1100.0, 600.0, 440.0, 340.0, 280.0, 220.0, 180.0, 120.0];
/// Shorter than this, another row is better.
const COMFORTABLE: f32 = 220.0;
const MOST_ROWS: usize = 3;

/// The sample before a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key {
    Line(Ink, Option<Dash>),
    Missing(Cause),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: Key,
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Legend {
    pub labels: Vec<Label>,
    pub lines: Vec<Line>,
    pub hatches: Vec<Hatch>,
    /// How many rows it takes.
    pub rows: usize,
}

impl Legend {
    /// Pixels from the first baseline to the last.
    pub fn height(&self) -> f32 {
        self.rows.saturating_sub(1) as f32 * ROW
    }

    /// Entries from `left` to `right`, their first baseline at `baseline`; the first row
    /// ends at `first_right` already.
    pub fn new(
        entries: &[Entry],
        fonts: &Fonts,
        baseline: f32,
        (left, right, first_right): (f32, f32, f32),
    ) -> Legend {
        let rows = |texts: &[String]| {
            let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
            let mut at = left;
            for (i, text) in texts.iter().enumerate() {
                let width = KEY + AFTER_KEY + fonts.width(text, Weight::Regular, BODY);
                let end = if rows.len() == 1 { first_right } else { right };
                if at + width > end {
                    rows.push(Vec::new());
                    at = left;
                }
                at += width + BETWEEN;
                rows.last_mut().into_iter().for_each(|row| row.push(i));
            }
            rows
        };
        let cut = |room: f32| {
            let text = |entry: &Entry| match entry.key {
                Key::Line(Ink::Node(_), _) => fonts.fitted(&entry.text, Weight::Regular, BODY, room),
                _ => entry.text.clone(),
            };
            let texts: Vec<String> = entries.iter().map(text).collect();
            (rows(&texts), texts)
        };
        let (rows, texts) = (1..=MOST_ROWS)
            .flat_map(|most| ROOMS.map(|room| (most, room)))
            .filter(|(most, room)| *room >= COMFORTABLE || *most == MOST_ROWS)
            .map(|(most, room)| (most, cut(room)))
            .find(|(most, (rows, _))| rows.len() <= *most)
            .map_or_else(|| cut(ROOMS[ROOMS.len() - 1]), |(_, fitting)| fitting);

        let mut legend = Legend { rows: rows.len(), ..Legend::default() };
        for (row, entries_of_row) in rows.iter().enumerate() {
            let baseline = baseline + row as f32 * ROW;
            let mut at = left;
            for i in entries_of_row {
                let (Some(entry), Some(text)) = (entries.get(*i), texts.get(*i)) else {
                    continue;
                };
                legend.key(entry.key, at, baseline);
                let width = fonts.width(text, Weight::Regular, BODY);
                at += KEY + AFTER_KEY;
                legend.labels.push(Label {
                    text: text.clone(),
                    frame: font::frame(at, baseline, width, BODY),
                    size: BODY,
                    weight: Weight::Regular,
                    ink: Ink::Text,
                });
                at += width + BETWEEN;
            }
        }
        legend
    }

    fn key(&mut self, key: Key, left: f32, baseline: f32) {
        let y = 2.0 * baseline - font::centred(baseline, BODY);
        match key {
            Key::Line(ink, dash) => {
                let points = [left, left + KEY].map(|x| Point { x, y }).to_vec();
                self.lines.push(Line { points, ink, width: KEY_WIDTH, dash });
            }
            Key::Missing(cause) => self.hatches.push(Hatch {
                frame: Rect { left, top: y - KEY * 0.4, right: left + KEY, bottom: y + KEY * 0.4 },
                cause,
            }),
        }
    }
}
