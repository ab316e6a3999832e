//! What is above the plot: title, range, unit and legend.

use super::{
    font::{self, Weight},
    layout::{AIR, Drawing, LEGEND_BASELINE, Layout, MARGIN, PICTURE, dash},
    legend::{Entry, Key, Legend},
    shape::{Ink, Label},
};

const TITLE: f32 = 46.0;
const TITLE_BASELINE: f32 = 70.0;

impl Drawing<'_> {
    /// Title, range, legend and unit; how much higher than one row the legend is.
    pub fn head(&self, layout: &mut Layout) -> f32 {
        let right = PICTURE.right - MARGIN;
        let seconds = self.history.until - self.history.since;
        let range = (self.words.last)(seconds);
        let muted = |text: String, baseline| self.label_left_of(right, text, baseline, Ink::Muted);
        let (network, all) = (&self.history.network, self.history.nodes);
        let name = match self.nodes.as_slice() {
            [only] => format!("{network} · {}", only.node),
            some if some.len() < all => format!("{network} · {}", (self.words.worst)(some.len(), all)),
            _ => network.clone(),
        };

        let legend = |right_of_first| {
            let edges = (MARGIN, right, right_of_first);
            Legend::new(&self.entries(), self.fonts, LEGEND_BASELINE, edges)
        };
        let unit = muted(self.words.unit.to_owned(), LEGEND_BASELINE);
        let beside_unit = legend(unit.frame.left - 2.0 * AIR);
        // The unit alone is no reason for another row: it goes beside the range, when the
        // title leaves room for it.
        let both = muted(format!("{} · {range}", self.words.unit), TITLE_BASELINE);
        let title_fits =
            MARGIN + self.fonts.width(&name, Weight::SemiBold, TITLE) + 2.0 * AIR <= both.frame.left;
        let alone = Some(legend(right)).filter(|it| title_fits && it.rows < beside_unit.rows);
        let (range, unit, legend) = match alone {
            Some(legend) => (both, None, legend),
            None => (muted(range, TITLE_BASELINE), Some(unit), beside_unit),
        };

        let (weight, room) = (Weight::SemiBold, range.frame.left - MARGIN - 2.0 * AIR);
        let text = self.fonts.fitted(&name, weight, TITLE, room);
        let width = self.fonts.width(&text, weight, TITLE);
        let title = Label {
            text,
            frame: font::frame(MARGIN, TITLE_BASELINE, width, TITLE),
            size: TITLE,
            weight,
            ink: Ink::Text,
        };

        let height = legend.height();
        layout.labels.extend([title, range].into_iter().chain(unit));
        layout.labels.extend(legend.labels);
        layout.keys = legend.lines;
        layout.key_hatches = legend.hatches;
        height
    }

    fn entries(&self) -> Vec<Entry> {
        let nodes = self.nodes.iter().enumerate();
        let mut entries: Vec<Entry> = nodes
            .map(|(place, node)| Entry {
                key: Key::Line(Ink::Node(place), dash(place)),
                text: node.node.clone(),
            })
            .collect();
        let line = |ink, text| Entry { key: Key::Line(ink, None), text };
        entries.push(line(Ink::Best, self.words.best.to_owned()));
        let mut known = self.history.threshold.iter().flatten();
        if let Some(first) = known.next() {
            let same = known.all(|it| it == first);
            let threshold = same.then(|| self.numbers().plain(*first));
            let text = (self.words.outside)(threshold.as_deref());
            entries.push(line(Ink::Outside, text));
        }
        entries.extend(
            self.in_legend
                .iter()
                .map(|cause| Entry { key: Key::Missing(*cause), text: self.name(*cause).to_owned() }),
        );
        entries
    }
}
