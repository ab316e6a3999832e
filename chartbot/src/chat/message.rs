//! What goes back to a chat: a text or a photo, and the buttons under it.

use bytes::Bytes;

use crate::{
    chat::command::{Command, Range},
    words::{self, Words},
};

/// UTF-16 units of a text (<https://core.telegram.org/bots/api#sendmessage>).
pub const TEXT_LIMIT: usize = 4_096;
/// UTF-16 units of a caption (<https://core.telegram.org/bots/api#sendphoto>).
pub const CAPTION_LIMIT: usize = 1_024;
/// Names are up to 32 characters, and a phone is narrow.
const NETWORKS_IN_A_ROW: usize = 2;
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

/// The buttons under a chart of `range` and `network`: the usual ranges and the same again,
/// then the networks if there are several. What no button can carry is left out.
#[must_use]
pub fn buttons(range: Range, network: &str, networks: &[String], words: &Words) -> Vec<Vec<Button>> {
    let button = |text: &str, range, network: &str| {
        let data = Command::button(range, network)?;
        Some(Button { text: text.to_owned(), data })
    };
    let [hour, day, week] = words.ranges;
    let ranges = [(hour, Range::HOUR), (day, Range::DAY), (week, Range::WEEK), ("↻", range)];
    let ranges = ranges.iter().filter_map(|(text, range)| button(text, *range, network)).collect();
    let mut rows: Vec<Vec<_>> = vec![ranges];
    if networks.len() > 1 {
        let networks = networks.iter().filter_map(|network| button(network, range, network));
        let networks: Vec<_> = networks.take(NETWORK_BUTTONS).collect();
        rows.extend(networks.chunks(NETWORKS_IN_A_ROW).map(<[_]>::to_vec));
    }
    rows.retain(|row| !row.is_empty());
    rows
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

    #[test]
    fn to_the_other_ranges_in_the_users_language() {
        let six = Range::parse("6h").unwrap();
        let alone = ["polygon".to_owned()];
        for (words, [hour, day, week]) in
            [(&ENGLISH, ["1h", "1d", "1w"]), (&RUSSIAN, ["1\u{a0}ч", "1\u{a0}д", "1\u{a0}нед"])]
        {
            let rows = buttons(six, "polygon", &alone, words);
            assert_eq!(rows.len(), 1, "there is one network only");
            check(
                &rows[0],
                &[
                    (hour, "/chart 1h polygon"),
                    (day, "/chart 1d polygon"),
                    (week, "/chart 1w polygon"),
                    ("↻", "/chart 6h polygon"),
                ],
            );
        }
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
        let rows = buttons(Range::DAY, "b", &networks, &ENGLISH);
        check(&rows[1], &[("a", "/chart 1d a"), ("b", "/chart 1d b")]);
        check(&rows[2], &[("c", "/chart 1d c")]);
        assert_eq!(rows.len(), 3);
    }
}
