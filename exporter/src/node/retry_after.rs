//! The header `Retry-After` (RFC 9110, section 10.2.3). Pure.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, fmt::rfc2822};

/// How long a server asks to be left alone. `date` is its own clock in the same answer; by
/// that a point in time is measured, since this machine's clock may differ, and by `now`
/// only where it is absent. Absent when `text` is neither seconds nor an HTTP date.
pub fn read(text: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        // What is too long for a number is too long to matter how long.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let until = point(text)?;
    let from = date.and_then(point).or_else(|| Timestamp::try_from(now).ok())?;
    Some(until.duration_since(from).try_into().unwrap_or(Duration::ZERO))
}

fn point(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let server = Some("Sun, 06 Nov 1994 08:00:00 GMT");
        for (text, date, want) in [
            ("120", None, Some(120)),
            (" 0 ", server, Some(0)),
            ("99999999999999999999999", None, Some(u64::from(u32::MAX))),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(30)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("nonsense"), Some(30)),
            ("Sun, 06 Nov 1994 08:01:00 GMT", server, Some(60)),
            ("Sun, 06 Nov 1994 07:59:00 GMT", server, Some(0)),
            ("-5", None, None),
            ("soon", None, None),
            ("", None, None),
        ] {
            assert_eq!(read(text, date, now), want.map(Duration::from_secs), "{text}");
        }
    }
}
