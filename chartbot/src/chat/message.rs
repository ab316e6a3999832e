//! What goes back to a chat: a text or a photo, and the buttons under it.

use bytes::Bytes;

use crate::{
    chart::Theme,
    chat::command::{Command, Range},
    words::{self, Words},
};

/// UTF-16 units of a text (<https://core.telegram.org/bots/api#sendmessage>).
pub const TEXT_LIMIT: usize = 4_096;
/// UTF-16 units of a caption (<https://core.telegram.org/bots/api#sendphoto>).
pub const CAPTION_LIMIT: usize = 1_024;
/// Names are up to 32 characters, and a phone is narrow.
const NETWORKS_IN_A_ROW: usize = 2;
const CHOICES_IN_A_ROW: usize = 3;
/// More would push the chart out of sight.
const NETWORK_BUTTONS: usize = 20;

/// What goes back to a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it shows.
    pub content: Content,
    /// Rows of buttons under it; may be empty.
    pub buttons: Vec<Vec<Button>>,
}

/// What a message shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Plain text, at most [`TEXT_LIMIT`].
    Text(String),
    /// A picture with a caption.
    Photo(Photo),
}

/// A picture with a caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// A PNG file.
    pub png: Bytes,
    /// Plain text below it, at most [`CAPTION_LIMIT`].
    pub caption: String,
}

impl Message {
    /// A text without buttons. Telegram refuses a text that is too long, so the end of such a
    /// one is cut off.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let content = Content::Text(words::cut(text.into(), TEXT_LIMIT));
        Self { content, buttons: Vec::new() }
    }

    /// A photo without buttons; the end of a caption that is too long is cut off.
    #[must_use]
    pub fn photo(png: Bytes, caption: impl Into<String>) -> Self {
        let caption = words::cut(caption.into(), CAPTION_LIMIT);
        Self { content: Content::Photo(Photo { png, caption }), buttons: Vec::new() }
    }

    /// The same with these rows of buttons.
    #[must_use]
    pub fn with_buttons(self, buttons: Vec<Vec<Button>>) -> Self {
        Self { buttons, ..self }
    }
}

/// A button and the command that it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Its label.
    pub text: String,
    /// What the bot receives when it is pressed, at most 64 bytes.
    pub data: String,
}

/// What the buttons under a chart know of it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// How far back it goes.
    pub range: Range,
    /// Its network.
    pub network: &'a str,
    /// Its colours.
    pub theme: Theme,
    /// Whether somebody chose these colours: then the other buttons keep them.
    pub is_chosen: bool,
}

/// The buttons under a chart: the usual ranges, the current one marked, the same again, and the
/// same in the other theme, then the networks if there are several. What no button can carry is
/// left out.
#[must_use]
pub fn buttons(shown: Shown, networks: &[String], words: &Words) -> Vec<Vec<Button>> {
    let Shown { range, network, theme, is_chosen } = shown;
    let kept = is_chosen.then_some(theme);
    let button = |text: &str, range, network: &str, theme| {
        let data = Command::button(range, Some(network), theme)?;
        Some(Button { text: text.to_owned(), data })
    };
    let ranges = words.ranges.into_iter().zip([Range::HOUR, Range::DAY, Range::WEEK]);
    let ranges = ranges.filter_map(|(text, other)| {
        let text = if other == range { format!("• {text}") } else { text.to_owned() };
        button(&text, other, network, kept)
    });
    let sign = match theme {
        Theme::Light => "🌙",
        Theme::Dark => "☀",
    };
    let again = [button("↻", range, network, kept), button(sign, range, network, Some(theme.other()))];
    let mut rows: Vec<Vec<_>> = vec![ranges.chain(again.into_iter().flatten()).collect()];
    if networks.len() > 1 {
        let networks = networks.iter().filter_map(|network| button(network, range, network, kept));
        let networks: Vec<_> = networks.take(NETWORK_BUTTONS).collect();
        rows.extend(networks.chunks(NETWORKS_IN_A_ROW).map(<[_]>::to_vec));
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// The buttons that `/chart` offers.
#[must_use]
pub fn choices(words: &Words) -> Vec<Vec<Button>> {
    let choices = words.choices.into_iter().zip(Range::OFFERED);
    let button = |(text, range): (&str, Range)| {
        Some(Button { text: text.to_owned(), data: Command::button(range, None, None)? })
    };
    let choices: Vec<_> = choices.filter_map(button).collect();
    choices.chunks(CHOICES_IN_A_ROW).map(<[_]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{ENGLISH, RUSSIAN};

    #[track_caller]
    fn check(row: &[Button], want: &[(&str, &str)]) {
        let shown: Vec<_> = row.iter().map(|button| (&*button.text, &*button.data)).collect();
        assert_eq!(shown, want);
    }

    fn light(range: Range, network: &str) -> Shown<'_> {
        Shown { range, network, theme: Theme::Light, is_chosen: false }
    }

    #[test]
    fn to_the_other_ranges_in_the_users_language() {
        let six = Range::parse("6h").unwrap();
        let alone = ["polygon".to_owned()];
        for (words, [hour, day, week]) in
            [(&ENGLISH, ["1h", "1d", "1w"]), (&RUSSIAN, ["1\u{a0}ч", "1\u{a0}д", "1\u{a0}нед"])]
        {
            let rows = buttons(light(six, "polygon"), &alone, words);
            assert_eq!(rows.len(), 1, "there is one network only");
            check(
                &rows[0],
                &[
                    (hour, "/chart 1h polygon"),
                    (day, "/chart 1d polygon"),
                    (week, "/chart 1w polygon"),
                    ("↻", "/chart 6h polygon"),
                    ("🌙", "/chart 6h polygon dark"),
                ],
            );
        }
    }

    #[test]
    fn the_current_range_is_marked_and_a_chosen_theme_kept() {
        let dark = Shown { theme: Theme::Dark, is_chosen: true, ..light(Range::DAY, "a") };
        let rows = buttons(dark, &["a", "b"].map(str::to_owned), &ENGLISH);
        check(
            &rows[0],
            &[
                ("1h", "/chart 1h a dark"),
                ("• 1d", "/chart 1d a dark"),
                ("1w", "/chart 1w a dark"),
                ("↻", "/chart 1d a dark"),
                ("☀", "/chart 1d a light"),
            ],
        );
        check(&rows[1], &[("a", "/chart 1d a dark"), ("b", "/chart 1d b dark")]);
    }

    #[test]
    fn a_chart_of_no_range_offers_some() {
        let rows = choices(&ENGLISH);
        check(&rows[0], &[("10m", "/chart 10m"), ("6h", "/chart 6h"), ("3d", "/chart 3d")]);
        check(&rows[1], &[("30d", "/chart 30d"), ("90d", "/chart 90d"), ("1y", "/chart 365d")]);
    }

    #[test]
    fn what_telegram_would_refuse_as_too_long_is_cut() {
        let long = "\u{1f7e2}".repeat(3_000);
        let text = Message::text(&*long);
        let photo = Message::photo(Bytes::new(), &*long);
        for (message, limit) in [(text, TEXT_LIMIT), (photo, CAPTION_LIMIT)] {
            let words = match &message.content {
                Content::Text(text) => text,
                Content::Photo(photo) => &photo.caption,
            };
            // A sign of two units does not fit into the last one.
            assert_eq!(words.encode_utf16().count(), limit - 1);
            assert!(words.ends_with("\u{1f7e2}…"));
        }
    }

    #[test]
    fn to_the_other_networks() {
        let networks = ["a", "no button can carry this", "b", "c"].map(str::to_owned);
        let rows = buttons(light(Range::DAY, "b"), &networks, &ENGLISH);
        check(&rows[1], &[("a", "/chart 1d a"), ("b", "/chart 1d b")]);
        check(&rows[2], &[("c", "/chart 1d c")]);
        assert_eq!(rows.len(), 3);
    }
}
