//! The horizontal axis: where a moment lies, and the round times of the zone below it.

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use crate::{samples::grid::Grid, words::ChartWords};

/// From which to which moment the plot goes, and where that is, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeScale {
    /// The first moment, in unix seconds.
    pub since: i64,
    /// The last moment, in unix seconds.
    pub until: i64,
    /// Where the first moment lies.
    pub left: f32,
    /// Where the last moment lies.
    pub right: f32,
}

impl TimeScale {
    /// Where a moment lies; never outside of the plot.
    pub fn x(&self, moment: i64) -> f32 {
        let span = self.until.saturating_sub(self.since).max(1) as f64;
        let gone = moment.clamp(self.since, self.until.max(self.since)) - self.since;
        self.left + (self.right - self.left) * (gone as f64 / span) as f32
    }

    /// The left and right edge of a column.
    pub fn column(&self, grid: &Grid, index: usize) -> (f32, f32) {
        let begin = grid.start + index as i64 * i64::from(grid.step);
        (self.x(begin), self.x(begin + i64::from(grid.step)))
    }
}

/// A labelled moment.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeTick {
    /// In unix seconds.
    pub at: i64,
    /// "18:00", "Sun 22", "16 Nov", "Nov", "2026".
    pub text: String,
    /// Whether the label is a day among times of day, or a year among months.
    pub turning: bool,
}

/// Fewest and most labels.
const FEWEST: usize = 4;
const MOST: usize = 7;

/// The distance from one label to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Minutes(i64),
    Days(i32),
    /// The first and the fifteenth day of a month.
    HalfMonths,
    Months(i32),
}

/// From ten minutes to a year. Where one of these gives too many labels the next gives enough:
/// it is at most 1.75 times as long, or leaves out every other label.
const STEPS: [Step; 21] = [
    Step::Minutes(2),
    Step::Minutes(3),
    Step::Minutes(5),
    Step::Minutes(10),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(2 * 60),
    Step::Minutes(3 * 60),
    Step::Minutes(4 * 60),
    Step::Minutes(6 * 60),
    Step::Minutes(12 * 60),
    Step::Days(1),
    Step::Days(2),
    Step::Days(3),
    Step::Days(4),
    Step::Days(7),
    Step::Days(14),
    Step::HalfMonths,
    Step::Months(1),
    Step::Months(2),
];

impl Step {
    /// About how many seconds it is long, never more than it really is.
    fn seconds(self) -> i64 {
        match self {
            Step::Minutes(minutes) => minutes * 60,
            Step::Days(days) => i64::from(days) * 23 * 3600,
            Step::HalfMonths => 14 * 23 * 3600,
            Step::Months(months) => i64::from(months) * 28 * 24 * 3600,
        }
    }
}

/// Four to seven labels at round times: the closest of which `fit` leaves so many. It takes
/// out those that find no place, and refuses all where they are too close.
pub fn ticks(
    scale: &TimeScale,
    zone: &TimeZone,
    words: &ChartWords,
    fit: impl Fn(Vec<TimeTick>) -> Option<Vec<TimeTick>>,
) -> Vec<TimeTick> {
    /// Far more than can ever be shown: such a step is not worth walking.
    const TOO_MANY: i64 = 60;
    let span = scale.until.saturating_sub(scale.since);
    let mut closer = Vec::new();
    for step in STEPS.into_iter().filter(|step| span / step.seconds() <= TOO_MANY) {
        match fit(at_steps(scale, zone, words, step)) {
            Some(ticks) if ticks.len() > MOST => closer = ticks,
            Some(ticks) if ticks.len() >= FEWEST => return ticks,
            Some(few) if closer.is_empty() => return few,
            Some(_) => break,
            None => {}
        }
    }
    // Where an hour is left out, the next step may have one label too few.
    closer.truncate(MOST);
    closer
}

fn at_steps(scale: &TimeScale, zone: &TimeZone, words: &ChartWords, step: Step) -> Vec<TimeTick> {
    match step {
        Step::Minutes(minutes) => times_of_day(scale, zone, words, minutes),
        Step::Days(days) => dates(scale, zone, |date| {
            // Counted from a Monday, so that weeks begin on one.
            const MONDAY: Date = jiff::civil::date(1970, 1, 5);
            let counted = date.since(MONDAY).map_or(0, |span| span.get_days());
            let name = if days < 3 { weekday } else { day_of_month };
            (counted.rem_euclid(days) == 0).then(|| (name(words, date), false))
        }),
        Step::HalfMonths => dates(scale, zone, |date| {
            [1, 15].contains(&date.day()).then(|| (day_of_month(words, date), false))
        }),
        Step::Months(months) => dates(scale, zone, |date| {
            let counted = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
            let january = date.month() == 1;
            let name = if january { year } else { month };
            let round = date.day() == 1 && counted.rem_euclid(months) == 0;
            round.then(|| (name(words, date), january))
        }),
    }
}

/// Every moment whose time of day is a multiple of `step` minutes, and the first of every
/// day, which some days have at 01:00. The walk is over moments, not over times of day: an
/// hour that comes twice is labelled twice unless other labels are far wider apart, one that
/// does not come is left out.
fn times_of_day(scale: &TimeScale, zone: &TimeZone, words: &ChartWords, step: i64) -> Vec<TimeTick> {
    // All offsets of our days are multiples of a quarter of an hour.
    let pace = if step % 15 == 0 { 15 * 60 } else { 60 };
    let first = scale.since.div_euclid(pace) * pace;
    let mut last_date = zoned(first - pace, zone).map(|time| time.date());
    let mut last_label = i64::MIN;
    let moments = (first..=scale.until).step_by(pace as usize);
    moments
        .filter_map(|at| {
            let time = zoned(at, zone)?;
            let turning = last_date.replace(time.date()) != Some(time.date());
            let minutes = i64::from(time.hour()) * 60 + i64::from(time.minute());
            let round = at >= scale.since && (turning || minutes % step == 0);
            (round && at.saturating_sub(last_label) > step * 30).then(|| {
                last_label = at;
                let text = if turning {
                    weekday(words, time.date())
                } else {
                    format!("{:02}:{:02}", time.hour(), time.minute())
                };
                TimeTick { at, text, turning }
            })
        })
        .collect()
}

/// The first moment of every date that gets a label.
fn dates(
    scale: &TimeScale,
    zone: &TimeZone,
    label: impl Fn(Date) -> Option<(String, bool)>,
) -> Vec<TimeTick> {
    let Some(first) = zoned(scale.since, zone) else {
        return Vec::new();
    };
    first
        .date()
        .series(jiff::Span::new().days(1))
        .map_while(|date| Some((date, date.to_zoned(zone.clone()).ok()?.timestamp().as_second())))
        .take_while(|(_, at)| *at <= scale.until)
        .filter(|(_, at)| *at >= scale.since)
        .filter_map(|(date, at)| {
            let (text, turning) = label(date)?;
            Some(TimeTick { at, text, turning })
        })
        .collect()
}

fn zoned(at: i64, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_second(at).ok()?.to_zoned(zone.clone()))
}

/// "Sun 22".
fn weekday(words: &ChartWords, date: Date) -> String {
    let index = date.weekday().to_monday_zero_offset();
    format!("{} {}", pick(&words.weekdays, index), date.day())
}

/// "16 Nov".
fn day_of_month(words: &ChartWords, date: Date) -> String {
    format!("{} {}", date.day(), pick(&words.of_months, date.month() - 1))
}

/// "Nov".
fn month(words: &ChartWords, date: Date) -> String {
    pick(&words.months, date.month() - 1).to_owned()
}

/// "2026".
fn year(_: &ChartWords, date: Date) -> String {
    date.year().to_string()
}

fn pick<'a>(names: &[&'a str], index: i8) -> &'a str {
    let index = usize::try_from(index).ok();
    index.and_then(|it| names.get(it).copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::CHART_ENGLISH;

    /// The labels of the `minutes` before `until`.
    fn labels(zone: &str, until: &str, minutes: i64) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let until: jiff::civil::DateTime = until.parse().unwrap();
        let until = until.to_zoned(zone.clone()).unwrap().timestamp().as_second();
        let scale = TimeScale { since: until - minutes * 60, until, left: 0.0, right: 1000.0 };
        let ticks = ticks(&scale, &zone, &CHART_ENGLISH, Some);
        assert!(ticks.iter().all(|it| (scale.since..=scale.until).contains(&it.at)));
        ticks.into_iter().map(|it| it.text).collect()
    }

    #[track_caller]
    fn check(zone: &str, until: &str, minutes: i64, want: &str) {
        assert_eq!(labels(zone, until, minutes).join(" | "), want);
    }

    const HOUR: i64 = 60;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn labels_stand_at_round_times() {
        let now = "2026-11-22T13:07:09";
        check("UTC", now, 10, "12:58 | 13:00 | 13:02 | 13:04 | 13:06");
        check("UTC", now, HOUR, "12:10 | 12:20 | 12:30 | 12:40 | 12:50 | 13:00");
        check("UTC", now, DAY, "16:00 | 20:00 | Sun 22 | 04:00 | 08:00 | 12:00");
        check("UTC", now, 3 * DAY, "Fri 20 | 12:00 | Sat 21 | 12:00 | Sun 22 | 12:00");
        check("UTC", now, 7 * DAY, "Mon 16 | Tue 17 | Wed 18 | Thu 19 | Fri 20 | Sat 21 | Sun 22");
        check("UTC", now, 30 * DAY, "26 Oct | 30 Oct | 3 Nov | 7 Nov | 11 Nov | 15 Nov | 19 Nov");
        check("UTC", now, 365 * DAY, "2026 | Mar | May | Jul | Sep | Nov");
        check("Asia/Kathmandu", now, HOUR, "12:10 | 12:20 | 12:30 | 12:40 | 12:50 | 13:00");
    }

    #[test]
    fn an_hour_that_comes_twice_is_labelled_twice() {
        let night = "2026-10-25T06:00:00";
        check("Europe/Berlin", night, 6 * HOUR, "01:00 | 02:00 | 02:00 | 03:00 | 04:00 | 05:00 | 06:00");
    }

    #[test]
    fn an_hour_that_does_not_come_has_no_label() {
        let night = "2026-03-29T06:00:00";
        check("Europe/Berlin", night, 5 * HOUR, "Sun 29 | 01:00 | 03:00 | 04:00 | 05:00 | 06:00");
    }

    #[test]
    fn clocks_that_change_by_half_an_hour_keep_their_round_times() {
        // 02:00 is 01:30 again, and half a year later 02:00 is 02:30 at once.
        check("Australia/Lord_Howe", "2026-04-05T03:10:00", 150, "01:30 | 01:30 | 02:00 | 02:30 | 03:00");
        check(
            "Australia/Lord_Howe",
            "2026-10-04T05:00:00",
            180,
            "01:30 | 02:30 | 03:00 | 03:30 | 04:00 | 04:30 | 05:00",
        );
        check(
            "America/St_Johns",
            "2026-03-08T06:00:00",
            5 * HOUR,
            "Sun 8 | 01:00 | 03:00 | 04:00 | 05:00 | 06:00",
        );
    }

    #[test]
    fn any_range_has_four_to_seven_labels() {
        let longer = |minutes: &i64| Some(minutes + 1 + minutes / 300);
        for minutes in std::iter::successors(Some(10), longer).take_while(|it| *it <= 365 * DAY) {
            let labels = labels("UTC", "2026-11-22T13:07:09", minutes);
            assert!((4..=7).contains(&labels.len()), "{minutes} minutes: {labels:?}");
        }
    }

    #[test]
    fn a_day_without_midnight_still_begins() {
        check(
            "Africa/Cairo",
            "2026-04-24T12:00:00",
            DAY,
            "12:00 | 16:00 | 20:00 | Fri 24 | 04:00 | 08:00 | 12:00",
        );
    }
}
