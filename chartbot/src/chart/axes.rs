//! The values beside the plot and the times below it.

use super::{
    font::{self, Weight},
    layout::{AIR, BODY, Drawing, Layout, PICTURE, PLOT_BOTTOM},
    plot::Plot,
    shape::{Ink, Label, Line, Point, Rect},
    timeaxis::{self, TimeTick},
};

const TIME_BASELINE: f32 = 762.0;

impl Drawing<'_> {
    /// The labels beside and below the plot, with the lines that belong to them.
    pub fn axes(&self, plot: &Plot, layout: &mut Layout) {
        let Rect { left, right, .. } = plot.frame;
        let level = |y: f32, ink| {
            let points = [left, right].map(|x| Point { x, y }).to_vec();
            Line::solid(points, ink, 1.0)
        };
        for (tick, text) in self.value.ticks.iter().zip(self.numbers().labels(&self.value.ticks)) {
            let y = plot.y(*tick);
            layout.grid.push(level(y, Ink::Grid));
            let baseline = font::centred(y, BODY);
            let label = self.label_left_of(left - AIR, text, baseline, Ink::Text);
            layout.labels.push(label);
        }
        layout.ticks.clone_from(&self.value.ticks);
        layout.grid.push(level(PLOT_BOTTOM, Ink::Axis));

        let fit = |ticks| self.fitting(plot, ticks);
        layout.times = timeaxis::ticks(&plot.time, self.zone, self.words, fit);
        for tick in &layout.times {
            let x = plot.time.x(tick.at);
            let points = [PLOT_BOTTOM, PLOT_BOTTOM + 8.0].map(|y| Point { x, y });
            layout.grid.push(Line::solid(points.to_vec(), Ink::Axis, 1.0));
            layout.labels.push(self.time(plot, tick));
        }
    }

    fn time(&self, plot: &Plot, tick: &TimeTick) -> Label {
        let weight = if tick.turning { Weight::SemiBold } else { Weight::Regular };
        let width = self.fonts.width(&tick.text, weight, BODY);
        let left = plot.time.x(tick.at) - width / 2.0;
        Label {
            text: tick.text.clone(),
            frame: font::frame(left, TIME_BASELINE, width, BODY),
            size: BODY,
            weight,
            ink: Ink::Text,
        }
    }

    /// The labels that lie within the picture, unless they are too close.
    fn fitting(&self, plot: &Plot, mut ticks: Vec<TimeTick>) -> Option<Vec<TimeTick>> {
        let inside = PICTURE.grown(-AIR);
        let frame = |tick: &TimeTick| self.time(plot, tick).frame;
        ticks.retain(|tick| inside.contains(&frame(tick)));
        let apart = ticks.windows(2).all(|pair| match pair {
            [a, b] => frame(a).right + 2.0 * AIR <= frame(b).left,
            _ => true,
        });
        apart.then_some(ticks)
    }
}
