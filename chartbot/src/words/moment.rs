//! PURE: moments in the zone of the reader, in as few characters as leave no doubt.

use jiff::{Timestamp, Unit, Zoned, ZonedRound, tz::TimeZone};

use super::{ChartWords, Words, number::JOIN};

/// The words for moments, seen from now.
#[derive(Clone, Copy)]
pub struct Times<'a> {
    /// The zone of all times.
    pub zone: &'a TimeZone,
    /// Now, in unix seconds.
    pub now: i64,
    /// The language.
    pub words: &'a Words,
}

impl Times<'_> {
    fn at(&self, seconds: f64) -> Zoned {
        let moment = Timestamp::from_second(seconds.floor() as i64).unwrap_or_default();
        moment.to_zoned(self.zone.clone())
    }

    /// A moment: "18:57", of another day "Tue 23:47", from a week on "12 Nov, 23:47".
    #[must_use]
    pub fn moment(&self, seconds: f64) -> String {
        let moment = self.at(seconds);
        let time = self.time(&moment);
        match self.day(&moment) {
            Day::Today => time,
            Day::Near(weekday) => format!("{weekday}{JOIN}{time}"),
            Day::Far(date) => format!("{date}, {time}"),
        }
    }

    /// A moment with its zone, for readers in several, and with its date unless that is today:
    /// "18:57 UTC", "24 Nov, 23:47 UTC".
    #[must_use]
    pub fn stamp(&self, at: Timestamp) -> String {
        let (moment, now) = (at.to_zoned(self.zone.clone()), self.at(self.now as f64));
        let time = moment.strftime("%H:%M %Z");
        match moment.date() == now.date() {
            true => time.to_string(),
            false => format!("{}, {time}", date(&moment, moment.year() != now.year(), self.words.chart)),
        }
    }

    /// Since a moment: the same as [`Times::moment`], but from a week on the date alone.
    #[must_use]
    pub fn since(&self, seconds: f64) -> String {
        match self.day(&self.at(seconds)) {
            Day::Far(date) => (self.words.since)(&date),
            _ => (self.words.since)(&self.moment(seconds)),
        }
    }

    /// From one moment to another: "10:29–15:29", "Tue 23:50–00:10"; within a minute "10:29".
    #[must_use]
    pub fn span(&self, begin: f64, end: f64) -> String {
        let (from, to) = (self.at(begin), self.at(end));
        let begin = self.moment(begin);
        match from.date() == to.date() {
            true if self.time(&from) == self.time(&to) => begin,
            true => format!("{begin}–{}", self.time(&to)),
            false => format!("{begin}–{}", self.moment(end)),
        }
    }

    /// When a node that is catching up will be level: rounded to 5 minutes below 2 hours, to 10
    /// below 6, then to the hour.
    #[must_use]
    pub fn level_at(&self, seconds: f64) -> String {
        let left = seconds - self.now as f64;
        let round = match left {
            ..120.0 => return self.words.level_soon.to_owned(),
            ..7_200.0 => ZonedRound::new().smallest(Unit::Minute).increment(5),
            ..21_600.0 => ZonedRound::new().smallest(Unit::Minute).increment(10),
            _ => ZonedRound::new().smallest(Unit::Hour),
        };
        let moment = self.at(seconds);
        let rounded = moment.round(round).unwrap_or(moment);
        (self.words.level_at)(&self.moment(rounded.timestamp().as_second() as f64))
    }

    /// The range with its date and zone, for a picture that is forwarded without its caption:
    /// "Wed 25 Nov, 18:08–19:08 UTC". `is_late`: data begins at `from`, later than was asked for.
    #[must_use]
    pub fn range(&self, from: i64, is_late: bool) -> String {
        let (begin, end) = (self.at(from as f64), self.at(self.now as f64));
        let chart = self.words.chart;
        let with_date = |moment: &Zoned| {
            let date = date(moment, false, chart);
            format!("{} {date}, {}", weekday(moment, chart), self.time(moment))
        };
        let is_one_day = begin.date() == end.date();
        let (first, last) = match (is_one_day, begin.year() == end.year()) {
            (true, _) => (with_date(&begin), self.time(&end)),
            (false, true) => (with_date(&begin), with_date(&end)),
            (false, false) => {
                let last = format!("{}, {}", date(&end, true, chart), self.time(&end));
                (date(&begin, true, chart), last)
            }
        };
        // Across a change of the clocks each end has its own.
        let zone = |moment: &Zoned| moment.strftime("%Z").to_string();
        let first = match zone(&begin) {
            other if other != zone(&end) && !is_one_day => format!("{first} {other}"),
            _ => first,
        };
        let zone = zone(&end);
        let dash = if is_one_day { "–" } else { " – " };
        match is_late {
            true => format!("{} {zone}", (chart.data_since)(&first, &last)),
            false => format!("{first}{dash}{last} {zone}"),
        }
    }

    /// The time of day, with the zone where a clock that was set back shows it twice.
    fn time(&self, moment: &Zoned) -> String {
        let text = moment.strftime("%H:%M");
        if self.zone.to_ambiguous_timestamp(moment.datetime()).is_ambiguous() {
            format!("{text} {}", moment.strftime("%Z"))
        } else {
            text.to_string()
        }
    }

    fn day(&self, moment: &Zoned) -> Day {
        let now = self.at(self.now as f64);
        let chart = self.words.chart;
        // A weekday means one day only among those closer than a week.
        let days = (moment.date() - now.date()).get_days();
        match days {
            0 => Day::Today,
            -6..=6 => Day::Near(weekday(moment, chart)),
            _ => Day::Far(date(moment, moment.year() != now.year(), chart)),
        }
    }
}

enum Day {
    Today,
    Near(&'static str),
    Far(String),
}

fn weekday(moment: &Zoned, words: &ChartWords) -> &'static str {
    words.weekdays[moment.weekday().to_monday_zero_offset().unsigned_abs() as usize % 7]
}

fn date(moment: &Zoned, with_year: bool, words: &ChartWords) -> String {
    let month = words.of_months[usize::from(moment.month().unsigned_abs()).clamp(1, 12) - 1];
    let day = format!("{}{JOIN}{month}", moment.day());
    if with_year { format!("{day}{JOIN}{}", moment.year()) } else { day }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{ENGLISH, RUSSIAN};

    fn seen_at<'a>(now: &str, zone: &'a TimeZone, words: &'a Words) -> Times<'a> {
        Times { zone, now: seconds(now) as i64, words }
    }

    fn seconds(moment: &str) -> f64 {
        moment.parse::<Timestamp>().unwrap().as_second() as f64
    }

    #[test]
    fn from_one_moment_to_another() {
        let times = Times { zone: &TimeZone::UTC, now: 1_795_352_829, words: &ENGLISH };
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second() as f64;
        for (begin, end, want) in [
            ("2026-11-22T10:29:00Z", "2026-11-22T12:29:00Z", "10:29–12:29"),
            ("2026-11-22T10:29:05Z", "2026-11-22T10:29:50Z", "10:29"),
            ("2026-11-21T10:29:00Z", "2026-11-22T10:29:00Z", "Sat 10:29–10:29"),
            ("2026-11-21T10:29:00Z", "2026-11-21T10:29:30Z", "Sat 10:29"),
        ] {
            assert_eq!(times.span(at(begin), at(end)).replace(JOIN, " "), want);
        }
    }

    #[test]
    fn a_moment_has_no_more_than_leaves_no_doubt() {
        let (now, utc) = ("2026-11-25T19:08:30Z", TimeZone::UTC);
        for (moment, said, since, russian) in [
            ("2026-11-25T18:57:59Z", "18:57", "since 18:57", "с 18:57"),
            ("2026-11-24T23:47:10Z", "Tue 23:47", "since Tue 23:47", "со вт 23:47"),
            ("2026-11-19T08:00:00Z", "Thu 08:00", "since Thu 08:00", "с чт 08:00"),
            ("2026-11-18T08:00:00Z", "18 Nov, 08:00", "since 18 Nov", "с 18 ноя"),
            ("2026-11-02T08:00:00Z", "2 Nov, 08:00", "since 2 Nov", "со 2 ноя"),
            ("2025-12-31T08:00:00Z", "31 Dec 2025, 08:00", "since 31 Dec 2025", "с 31 дек 2025"),
        ] {
            let english = seen_at(now, &utc, &ENGLISH);
            let spaced = |text: String| text.replace('\u{a0}', " ");
            assert_eq!(spaced(english.moment(seconds(moment))), said);
            assert_eq!(spaced(english.since(seconds(moment))), since);
            assert_eq!(spaced(seen_at(now, &utc, &RUSSIAN).since(seconds(moment))), russian);
        }
    }

    #[test]
    fn a_stamp_has_its_zone_and_another_days_date() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let times = seen_at("2026-11-25T19:08:30Z", &berlin, &ENGLISH);
        for (moment, want) in [
            ("2026-11-25T18:57:59.5Z", "19:57 CET"),
            ("2026-11-24T22:59:59Z", "24 Nov, 23:59 CET"),
            ("2026-11-24T23:00:00Z", "00:00 CET"),
            ("2026-07-01T10:00:00Z", "1 Jul, 12:00 CEST"),
            ("2025-11-25T19:08:30Z", "25 Nov 2025, 20:08 CET"),
        ] {
            assert_eq!(times.stamp(moment.parse().unwrap()).replace('\u{a0}', " "), want);
        }
    }

    #[test]
    fn a_range_has_its_date() {
        let spaced = |text: String| text.replace('\u{a0}', " ");
        let (now, utc) = ("2026-11-25T19:08:30Z", TimeZone::UTC);
        for (from, is_late, english, russian) in [
            ("2026-11-25T18:08:30Z", false, "Wed 25 Nov, 18:08–19:08 UTC", "ср 25 ноя, 18:08–19:08 UTC"),
            (
                "2026-11-24T19:08:30Z",
                false,
                "Tue 24 Nov, 19:08 – Wed 25 Nov, 19:08 UTC",
                "вт 24 ноя, 19:08 – ср 25 ноя, 19:08 UTC",
            ),
            (
                "2026-11-25T17:00:00Z",
                true,
                "data since Wed 25 Nov, 17:00, to 19:08 UTC",
                "данные: ср 25 ноя, 17:00, до 19:08 UTC",
            ),
            (
                "2025-11-25T19:08:30Z",
                false,
                "25 Nov 2025 – 25 Nov 2026, 19:08 UTC",
                "25 ноя 2025 – 25 ноя 2026, 19:08 UTC",
            ),
        ] {
            let from = seconds(from) as i64;
            assert_eq!(spaced(seen_at(now, &utc, &ENGLISH).range(from, is_late)), english);
            assert_eq!(spaced(seen_at(now, &utc, &RUSSIAN).range(from, is_late)), russian);
        }
    }

    #[test]
    fn a_forecast_is_as_exact_as_it_can_be() {
        let utc = TimeZone::UTC;
        let times = seen_at("2026-11-25T19:08:30Z", &utc, &ENGLISH);
        let now = times.now as f64;
        for (left, want) in [
            (0.0, "level within 2 min"),
            (119.0, "level within 2 min"),
            (1_800.0, "level at about 19:40"),
            (3.0 * 3_600.0, "level at about 22:10"),
            (8.0 * 3_600.0, "level at about Thu 03:00"),
            (6.5 * 86_400.0, "level at about 2 Dec, 07:00"),
        ] {
            assert_eq!(times.level_at(now + left).replace('\u{a0}', " "), want);
        }
    }

    #[test]
    fn a_time_that_comes_twice_has_its_zone() {
        // Clocks in Berlin were set back on 2026-10-25 at 01:00 UTC.
        let (back, zone) = (1_792_890_000, TimeZone::get("Europe/Berlin").unwrap());
        let times = Times { zone: &zone, now: back + 7_200, words: &ENGLISH };
        for (seconds, want) in
            [(-5_400, "01:30"), (-1_800, "02:30 CEST"), (1_800, "02:30 CET"), (5_400, "03:30")]
        {
            assert_eq!(times.moment((back + seconds) as f64), want);
            let zone = if seconds < 0 { "CEST" } else { "CET" };
            let stamp = times.stamp(Timestamp::from_second(back + seconds).unwrap());
            assert_eq!(stamp, format!("{} {zone}", &want[..5]));
        }
    }
}
