//! PURE: the header `Retry-After` (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, civil::DateTime, fmt::rfc2822, tz::TimeZone};

use super::pause::LONGEST;

/// How long a server asks to be left alone; more than the longest pause is that pause, so that
/// no header puts off a question further or overflows a clock. `date` is its own clock in the
/// same answer; by that a point in time is measured, since this machine's clock may differ, and
/// by `now` only where it is absent. Absent when `text` is neither seconds nor an HTTP date.
pub fn read(text: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        // Digits that are no u64 are too many.
        return Some(text.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let until = point(text)?;
    let from = date.and_then(point).or_else(|| Timestamp::try_from(now).ok())?;
    Some(Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO).min(LONGEST))
}

/// A HTTP date, in the form of today or in one of the two that are obsolete and still to be
/// understood (RFC 9110, section 5.6.7).
fn point(text: &str) -> Option<Timestamp> {
    if let Ok(time) = rfc2822::parse(text) {
        return Some(time.timestamp());
    }
    let obsolete = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let time = obsolete.iter().find_map(|format| DateTime::strptime(format, text).ok())?;
    TimeZone::UTC.to_timestamp(time).ok()
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
            ("300", None, Some(300)),
            ("86400", None, Some(300)),
            ("18446744073709551615", None, Some(300)),
            ("99999999999999999999999", None, Some(300)),
            ("Tue, 31 Dec 2999 23:59:59 GMT", None, Some(300)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(30)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("nonsense"), Some(30)),
            ("Sun, 06 Nov 1994 08:01:00 GMT", server, Some(60)),
            ("Sun, 06 Nov 1994 07:59:00 GMT", server, Some(0)),
            ("Sunday, 06-Nov-94 08:50:07 GMT", None, Some(30)),
            ("Sun Nov  6 08:50:07 1994", None, Some(30)),
            ("Sun Nov  6 08:01:00 1994", Some("Sunday, 06-Nov-94 08:00:00 GMT"), Some(60)),
            ("-5", None, None),
            ("soon", None, None),
            ("", None, None),
        ] {
            assert_eq!(read(text, date, now), want.map(Duration::from_secs), "{text}");
        }
    }
}
