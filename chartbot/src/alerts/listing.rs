//! What fires and what is silenced right now: asked, and put into lines, the worst first.

use jiff::Timestamp;
use tokio::{time::timeout, try_join};

use super::{
    alert::{Alert, Pairs},
    alertmanager::{Error, Firing},
    severity::Severity,
    silencer::Silencer,
    silences::{Phase, Silence},
};
use crate::{
    chat::{message::TEXT_LIMIT, trouble::Trouble},
    picture::{ASKING, Painter},
    samples::{
        client::{self, Questions},
        promql,
    },
    words::{
        self, Words,
        moment::Times,
        silence::{line, reason, silenced_line, unused_line},
    },
};

/// Labels, annotations and start of an alert that fires.
type Fires = (Pairs, Pairs, Option<Timestamp>);

/// What is shown.
#[derive(Debug, Default)]
struct Listing {
    /// What fires aloud.
    firing: Vec<Fires>,
    /// What fires and is silenced, and the silence that lasts longest; absent where it came about
    /// between the two questions.
    silenced: Vec<(Alert, Option<Silence>)>,
    /// The silences under which nothing fires.
    unused: Vec<Silence>,
    /// Why silences are not known; absent if they are.
    unknown: Option<String>,
}

/// Asks `silencer`'s Alertmanager; Prometheus where there is none, or it does not answer.
///
/// # Errors
/// Why neither is known.
pub async fn ask(silencer: Option<&Silencer>, painter: &Painter, words: &Words) -> Result<String, Trouble> {
    let unknown = match silencer {
        Some(silencer) => {
            let (alerts, silences) = (silencer.alertmanager.alerts(), silencer.alertmanager.silences());
            match try_join!(alerts, silences) {
                Ok(((now, firing), (_, silences))) => {
                    return Ok(sorted(firing, silences).write(silencer.times(now, words)));
                }
                Err(error) => reason_of(&error, words),
            }
        }
        None => words.silences.none.to_owned(),
    };
    let questions = &Questions::new(&painter.prometheus);
    let asked = timeout(ASKING, of_prometheus(questions)).await;
    let (now, firing) = asked.unwrap_or(Err(client::Error::Timeout))?;
    let times = Times { zone: &painter.zone, now, words };
    let warning = questions.warnings().first().map(|warning| words::warning(warning, words));
    let unknown = [Some((words.silences.unknown)(&unknown)), warning].into_iter().flatten();
    let unknown = Some(unknown.collect::<Vec<_>>().join("\n"));
    Ok(Listing { firing, unknown, ..Listing::default() }.write(times))
}

fn reason_of(error: &Error, words: &Words) -> String {
    tracing::warn!(%error, "Alertmanager did not list alerts and silences");
    reason(error, words)
}

/// What fires according to Prometheus, and its time. Annotations are not in its samples.
async fn of_prometheus(questions: &Questions<'_>) -> Result<(i64, Vec<Fires>), client::Error> {
    let now = questions.now().await?.floor() as i64;
    let firing = questions.query(promql::FIRING, now);
    let holding = questions.query(promql::HOLDING_SINCE, now);
    let (firing, holding) = try_join!(firing, holding)?;
    let own = |labels: &Pairs| -> Pairs {
        let own = labels.iter().filter(|(name, _)| !["__name__", "alertstate"].contains(&name.as_str()));
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let fires = firing.iter().map(|series| {
        let labels = own(&series.labels);
        let holding = holding.iter().find(|holding| own(&holding.labels) == labels);
        let since = holding.and_then(|holding| Timestamp::from_second(holding.newest()? as i64).ok());
        (labels, Pairs::new(), since)
    });
    Ok((now, fires.collect()))
}

/// Which of these alerts are silenced, and by what.
fn sorted(firing: Vec<Firing>, silences: Vec<Silence>) -> Listing {
    let mut listing = Listing::default();
    let active = silences.into_iter().filter(|silence| silence.phase == Phase::Active);
    let active: Vec<_> = active.collect();
    let is_used = |silence: &Silence| firing.iter().any(|firing| firing.silenced_by.contains(&silence.id));
    listing.unused = active.iter().filter(|silence| !is_used(silence)).cloned().collect();
    for Firing { alert, silenced_by } in firing {
        let longest = active.iter().filter(|silence| silenced_by.contains(&silence.id));
        let longest = longest.max_by_key(|silence| silence.ends_at).cloned();
        if silenced_by.is_empty() {
            listing.firing.push((alert.labels, alert.annotations, Some(alert.starts_at)));
        } else {
            listing.silenced.push((alert, longest));
        }
    }
    listing
}

impl Listing {
    fn write(mut self, times: Times) -> String {
        self.firing.retain(|(labels, ..)| Severity::of(labels) != Severity::None);
        self.silenced.retain(|(alert, ..)| Severity::of(&alert.labels) != Severity::None);
        // The worst first, of equals the one that has lasted longest.
        self.firing.sort_by_key(|(labels, _, since)| (Severity::of(labels), since.is_none(), *since));
        self.silenced.sort_by_key(|(alert, ..)| (Severity::of(&alert.labels), alert.starts_at));
        self.unused.sort_by_key(|silence| silence.ends_at);
        let words = times.words;
        let mut lines: Vec<_> =
            self.firing.iter().map(|(labels, notes, since)| line(labels, notes, *since, times)).collect();
        if lines.is_empty() {
            let is_calm = self.silenced.is_empty();
            lines.push(if is_calm { words.silences.calm } else { words.silences.quiet }.to_owned());
        }
        if !self.silenced.is_empty() || !self.unused.is_empty() {
            lines.push(format!("\n{}:", words.silences.silences));
        }
        lines.extend(self.silenced.iter().map(|(alert, by)| silenced_line(alert, by.as_ref(), times)));
        lines.extend(self.unused.iter().map(|silence| unused_line(silence, times)));
        let last: Vec<_> = self.unknown.iter().map(|unknown| format!("\n{unknown}")).collect();
        words::fitted(&lines, &last, TEXT_LIMIT, words)
    }
}
