//! PURE: what the buttons under an alert ask for, and the data that they carry.

use std::fmt;

use super::{
    alert::{Alert, Fingerprint},
    silences::{Lasting, SilenceId},
};
use crate::{chat::message::Button, words::Words};

/// What a button under an alert asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A fresh card: of this alert, or of the message's worst one.
    Chart(Option<Fingerprint>),
    /// To silence this alert, or all of the message.
    Silence(Lasting, Option<Fingerprint>),
    /// To end this silence, or all that were made from the message.
    Undo(Option<SilenceId>),
}

impl Action {
    /// Reads the data of a button; absent unless it is exactly what [`Action`] writes.
    #[must_use]
    pub fn parse(data: &str) -> Option<Self> {
        let words: Vec<_> = data.split(' ').collect();
        let action = match *words.as_slice() {
            ["alert", "chart"] => Self::Chart(None),
            ["alert", "chart", of] => Self::Chart(Some(Fingerprint::parse(of)?)),
            ["alert", "silence", lasting] => Self::Silence(Lasting::parse(lasting)?, None),
            ["alert", "silence", lasting, of] => {
                Self::Silence(Lasting::parse(lasting)?, Some(Fingerprint::parse(of)?))
            }
            ["alert", "undo"] => Self::Undo(None),
            ["alert", "undo", id] => Self::Undo(Some(SilenceId::parse(id)?)),
            _ => return None,
        };
        (action.to_string() == data).then_some(action)
    }

    /// Its name as a label of a metric.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Chart(_) => "alert_chart",
            Self::Silence(..) => "alert_silence",
            Self::Undo(_) => "alert_undo",
        }
    }

    /// The button that asks for it.
    #[must_use]
    pub fn button(&self, text: impl Into<String>) -> Button {
        Button { text: text.into(), data: self.to_string() }
    }
}

impl fmt::Display for Action {
    /// The data of a button, at most 64 bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chart(None) => f.write_str("alert chart"),
            Self::Chart(Some(of)) => write!(f, "alert chart {of}"),
            Self::Silence(lasting, None) => write!(f, "alert silence {lasting}"),
            Self::Silence(lasting, Some(of)) => write!(f, "alert silence {lasting} {of}"),
            Self::Undo(None) => f.write_str("alert undo"),
            Self::Undo(Some(id)) => write!(f, "alert undo {id}"),
        }
    }
}

/// The buttons under the message that announces these alerts: a card where one of them is about
/// a network, and silences if `with_silences`. Those of a single alert name it, so that they work
/// after a restart.
#[must_use]
pub fn under(alerts: &[Alert], with_silences: bool, words: &Words) -> Vec<Vec<Button>> {
    let of = match alerts {
        [alert] => Some(&alert.fingerprint),
        _ => None,
    };
    let has_card = alerts.iter().any(|alert| alert.label("network").is_some());
    let card = has_card.then(|| Action::Chart(of.cloned()).button(words.alert.chart));
    let silence = |lasting: Lasting| {
        let text = (words.alert.silence)(lasting.seconds() / 3_600);
        Action::Silence(lasting, of.cloned()).button(text)
    };
    let silences = Lasting::OFFERED.into_iter().filter(|_| with_silences).map(silence).collect();
    let mut rows = vec![card.into_iter().collect(), silences];
    rows.retain(|row: &Vec<_>| !row.is_empty());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_buttons_carry() {
        let [hour, _, day] = Lasting::OFFERED;
        let fingerprint = || Fingerprint::parse("0123456789abcdef");
        let id = SilenceId::parse("5b9f2a8e-7c1d-4e3f-9a0b-1c2d3e4f5a6b");
        for (action, data) in [
            (Action::Chart(None), "alert chart"),
            (Action::Chart(fingerprint()), "alert chart 0123456789abcdef"),
            (Action::Silence(hour, None), "alert silence 1h"),
            (Action::Silence(day, fingerprint()), "alert silence 24h 0123456789abcdef"),
            (Action::Undo(None), "alert undo"),
            (Action::Undo(id), "alert undo 5b9f2a8e-7c1d-4e3f-9a0b-1c2d3e4f5a6b"),
        ] {
            assert_eq!(action.to_string(), data);
            assert_eq!(Action::parse(data), Some(action));
        }
        for odd in [
            "",
            "alert",
            "alert silence",
            "alert silence soon",
            "alert silence 31d",
            "alert silence 1d",
            "alert silence 8h 0123456789ABCDEF",
            "alert silence 8h 0123456789abcdef more",
            "alert  chart",
            "alert undo ../silences",
            "Alert chart",
            "/hour",
        ] {
            assert_eq!(Action::parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn under_an_alert() {
        use crate::{alerts::alert::tests::alert, words::ENGLISH};
        let check = |alerts: &[Alert], with_silences, want: &[&[&str]]| {
            let rows = under(alerts, with_silences, &ENGLISH);
            let data: Vec<Vec<_>> =
                rows.iter().map(|row| row.iter().map(|button| &*button.data).collect()).collect();
            assert_eq!(data, want);
        };
        let single = alert("HeadlagNodeBehind");
        check(std::slice::from_ref(&single), false, &[&["alert chart 0123456789abcdef"]]);
        let group = [single.clone(), single.clone()];
        let silences = ["alert silence 1h", "alert silence 8h", "alert silence 24h"];
        check(&group, true, &[&["alert chart"], &silences]);
        let mut other = single;
        other.labels.clear();
        check(&[other.clone(), other.clone()], true, &[&silences]);
        check(&[other], false, &[]);
    }

    fn action() -> impl Strategy<Value = Action> {
        let fingerprint = || {
            proptest::option::of("[0-9a-f]{16}".prop_filter_map("fingerprint", |it| Fingerprint::parse(&it)))
        };
        let lasting = (60_u32..=2_592_000).prop_filter_map("lasting", |it| Lasting::parse(&format!("{it}s")));
        let id =
            proptest::option::of("[0-9a-zA-Z-]{1,50}".prop_filter_map("silence", |it| SilenceId::parse(&it)));
        prop_oneof![
            fingerprint().prop_map(Action::Chart),
            (lasting, fingerprint()).prop_map(|(lasting, of)| Action::Silence(lasting, of)),
            id.prop_map(Action::Undo),
        ]
    }

    proptest! {
        #[test]
        fn a_button_says_what_it_is_read_as(action in action()) {
            let data = action.to_string();
            prop_assert!(data.len() <= 64, "{}", data);
            prop_assert_eq!(Action::parse(&data), Some(action));
        }

        #[test]
        fn any_data_can_be_read(data in ".*") {
            let _ = Action::parse(&data);
        }
    }
}
