//! PURE: the verdict, the second line, and the foot.

use super::{
    layout::{AIR, BODY, EDGE, FOOT, Hand, Layout, MARGIN, Mark, PICTURE, Pen},
    shape::{Disc, Ink, Point},
};

const DOT: Point = Point { x: 64.0, y: 88.0 };
const DOT_RADIUS: f32 = 24.0;
const TITLE_LEFT: f32 = 110.0;
const TITLE_BASELINE: f32 = 116.0;
/// The largest of these with which the verdict fits.
const TITLES: [f32; 4] = [78.0, 72.0, 64.0, 56.0];
const SECOND: f32 = 42.0;
const SECOND_BASELINE: f32 = 186.0;
/// The node's name keeps at least so many pixels of the second line.
const LEAST_NAME: f32 = 160.0;

pub fn draw(pen: &Pen, layout: &mut Layout) {
    let card = pen.card;
    let ink = Ink::Sign(card.state);
    layout.data.push(Mark::Disc(Disc { center: DOT, radius: DOT_RADIUS, ink }));

    let room = PICTURE.right - EDGE - AIR - TITLE_LEFT;
    let hand = |size| Hand::bold(size, Ink::Text);
    let smallest = TITLES[TITLES.len() - 1];
    let size = TITLES.into_iter().find(|size| pen.width(&card.title, hand(*size)) <= room);
    let title = hand(size.unwrap_or(smallest));
    let text = pen.fitted(&card.title, title, room);
    layout.labels.push(pen.text(text, TITLE_LEFT, TITLE_BASELINE, title));

    let second = Hand::regular(SECOND, Ink::Muted);
    let text = second_line(pen, second, PICTURE.right - 2.0 * MARGIN);
    layout.labels.push(pen.text(text, MARGIN, SECOND_BASELINE, second));

    let foot = Hand::regular(BODY, Ink::Muted);
    let [range, references] = &card.foot;
    let right = pen.text_before(PICTURE.right - MARGIN, references, FOOT, foot);
    let range = pen.fitted(range, foot, right.frame.left - MARGIN - 2.0 * AIR);
    layout.labels.extend([pen.text(range, MARGIN, FOOT, foot), right]);
}

/// Network, node and since when. Of these the node's name is cut first, then what is
/// dispensable is left out, then the network's name is cut.
fn second_line(pen: &Pen, hand: Hand, room: f32) -> String {
    let card = pen.card;
    let line = |network: &str, node: &str, since: &str| {
        let parts = [network, node, since];
        parts.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    let width = |text: &str| pen.width(text, hand);
    let node = pen.fitted(&card.node, hand, LEAST_NAME);
    let counts = (1..=card.since.len()).rev();
    let mut kept = counts.map(|count| card.since[..count].join(", "));
    let since = kept.clone().find(|since| width(&line(&card.network, &node, since)) <= room);
    let since = since.or_else(|| kept.next_back()).unwrap_or_default();
    let left = room - width(&line(&card.network, "", &since)) - width(" · ");
    let node = pen.fitted(&card.node, hand, left.max(LEAST_NAME));
    let left = room - width(&line("", &node, &since)) - width(" · ");
    let network = pen.fitted(&card.network, hand, left);
    pen.fitted(&line(&network, &node, &since), hand, room)
}
