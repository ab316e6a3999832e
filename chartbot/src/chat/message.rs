//! What goes back to a chat, and the buttons under a chart.

use bytes::Bytes;

use crate::{
    chat::command::{Command, Range},
    words::Words,
};

/// Names are up to 32 characters, and a phone is narrow.
const NETWORKS_IN_A_ROW: usize = 2;
/// More would push the chart out of sight.
const NETWORK_BUTTONS: usize = 20;

/// What goes back to the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Plain text, at most 4,096 characters.
    Text(String),
    /// A picture.
    Photo(Photo),
}

/// A picture with what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// A PNG file.
    pub png: Bytes,
    /// Plain text, at most 1,024 characters.
    pub caption: String,
    /// Rows of buttons.
    pub buttons: Vec<Vec<Button>>,
}

/// A button and the command that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What it says.
    pub text: String,
    /// What comes back when it is pressed, at most 64 bytes.
    pub data: String,
}

/// The buttons under a chart of `range` and `network`: the usual ranges and the same again,
/// then the networks where there are several. What no button can carry is left out.
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
        let told: Vec<_> = row.iter().map(|button| (&*button.text, &*button.data)).collect();
        assert_eq!(told, want);
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
    fn to_the_other_networks() {
        let networks = ["a", "no button can carry this", "b", "c"].map(str::to_owned);
        let rows = buttons(Range::DAY, "b", &networks, &ENGLISH);
        check(&rows[1], &[("a", "/chart 1d a"), ("b", "/chart 1d b")]);
        check(&rows[2], &[("c", "/chart 1d c")]);
        assert_eq!(rows.len(), 3);
    }
}
