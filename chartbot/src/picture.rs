//! From a range to a picture: asks Prometheus, builds the history, draws it, captions it.

use std::{num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use tokio::{
    join,
    sync::Semaphore,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};
use tracing::info;

use crate::{
    chart::{self, Theme},
    chat::{command::Range, trouble::Trouble},
    metrics::Metrics,
    samples::client::{self, Prometheus, Questions},
    samples::grid::History,
    samples::history,
    samples::promql::{Plan, Survey},
    samples::survey,
    samples::tally::{self, Tally},
    words::Words,
    words::caption::{self, Story},
};

/// For all questions of one answer together: a user waits no longer.
pub const ASKING: Duration = Duration::from_secs(20);

/// A chart and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The PNG file.
    pub png: Bytes,
    /// The caption, at most 1,024 characters.
    pub caption: String,
    /// Which network it shows.
    pub network: String,
    /// All networks that could be shown, by name.
    pub networks: Vec<String>,
}

/// Draws pictures of what one Prometheus holds, with times in one zone.
#[derive(Clone)]
pub struct Painter {
    /// Whom to ask.
    pub prometheus: Prometheus,
    zone: TimeZone,
    theme: Theme,
    /// One place for each processor: more charts at a time would only slow each other.
    places: Arc<Semaphore>,
    metrics: Metrics,
}

impl Painter {
    /// Asks `prometheus`, tells all times in `zone`, and draws in the colours of `theme`.
    #[must_use]
    pub fn new(prometheus: Prometheus, zone: TimeZone, theme: Theme, metrics: Metrics) -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self { prometheus, zone, theme, places: Arc::new(Semaphore::new(processors)), metrics }
    }

    /// The chart of the last `range` before `now`, of `network` or else of the one in
    /// the worst state.
    ///
    /// # Errors
    /// Why there is no picture.
    pub async fn paint(
        &self,
        range: Range,
        network: Option<&str>,
        now: Timestamp,
        words: &Words,
    ) -> Result<Picture, Trouble> {
        let questions = &Questions::new(&self.prometheus);
        let until = Instant::now() + ASKING;
        let (known, first) = within(until, self.columns(questions, range, network, now.as_second())).await;
        let known = known.inspect_err(|_| self.metrics.queried(first))?;
        // What only the caption tells is asked for while the chart is drawn.
        let tallies = async { Ok(self.tallies(questions, &known).await) };
        let (drawn, (tallies, second)) =
            join!(self.draw(known.history.clone(), words), within(until, tallies));
        self.metrics.queried(first + second);
        let tallies = tallies.unwrap_or_else(|_| tally::tallies(&known.history, None, known.plan.spacing));
        let caption = caption::write(Story {
            network: &known.network,
            history: &known.history,
            tallies: &tallies,
            notes: &questions.notes(words),
            zone: &self.zone,
            words,
        });
        Ok(Picture { png: drawn?, caption, network: known.network.name, networks: known.networks })
    }

    /// Draws as soon as there is a place.
    async fn draw(&self, history: Arc<History>, words: &Words) -> Result<Bytes, Trouble> {
        let (zone, theme, words) = (self.zone.clone(), self.theme, words.chart);
        // The semaphore is never closed; the place is kept until the drawing itself ended.
        let place = self.places.clone().acquire_owned().await.ok();
        let metrics = self.metrics.clone();
        let drawn = spawn_blocking(move || {
            let _place = place;
            let begin = Instant::now();
            let drawn = chart::draw(&history, &zone, theme, words);
            metrics.drawn(begin.elapsed());
            drawn
        });
        let drawn = drawn.await.map_err(|error| Trouble::NotDrawn(error.to_string()))?;
        drawn.map(Bytes::from).map_err(|error| Trouble::NotDrawn(error.to_string()))
    }

    /// Chooses the network and learns what a chart shows of it.
    async fn columns(
        &self,
        questions: &Questions<'_>,
        range: Range,
        network: Option<&str>,
        now: i64,
    ) -> Result<Known, Trouble> {
        let survey = Survey::new(range);
        let survey = survey.ask(|promql| async move { questions.query(&promql, now).await }).await?;
        let networks = survey::read(&survey);
        let chosen = match network {
            Some(asked) => networks.iter().find(|network| network.name.eq_ignore_ascii_case(asked)),
            None => survey::worst(&networks),
        };
        let network = match (chosen, network) {
            (Some(chosen), _) => chosen.clone(),
            (None, Some(asked)) if !networks.is_empty() => {
                let known: Vec<_> = networks.iter().map(|network| network.name.as_str()).collect();
                return Err(Trouble::NoSuchNetwork { asked: asked.to_owned(), known: known.join(", ") });
            }
            _ => return Err(Trouble::NoData),
        };
        let networks = networks.into_iter().map(|network| network.name).collect();
        let plan = Plan::new(range, network.end(now), network.spacing);
        let (times, step) = (plan.evaluated(0..=plan.grid.len.saturating_sub(1)), plan.grid.step);
        let columns = plan.queries(&network.name);
        let found =
            columns.ask(|promql| async move { questions.query_range(&promql, times, step).await }).await?;
        let nodes: Vec<_> = network.nodes.iter().map(|node| node.name.as_str()).collect();
        let history = Arc::new(history::build(&network.name, &nodes, &plan, &found));
        Ok(Known { network, networks, plan, history })
    }

    /// Learns what needs a look at single samples. Over a year that may be too much for
    /// Prometheus: what cannot be learned is no reason to go without a chart.
    async fn tallies(&self, questions: &Questions<'_>, known: &Known) -> Vec<Tally> {
        let Known { history, plan, .. } = known;
        let outside = match tally::straddling(history) {
            Some(columns) => {
                let (promql, times) = (plan.outside(&history.network), plan.evaluated(columns));
                let asked = questions.query_range(&promql, times, plan.grid.step).await;
                asked.inspect_err(|error| info!(%error, "the time outside the corridor is not counted")).ok()
            }
            None => Some(Vec::new()),
        };
        let mut tallies = tally::tallies(history, outside.as_deref(), plan.spacing);
        for place in chart::shown(history) {
            let node = history.watched.get(place).zip(tallies.get_mut(place));
            let Some((node, worst)) = node.and_then(|(node, tally)| Some((node, tally.worst.as_mut()?)))
            else {
                continue;
            };
            let (samples, end) = plan.samples(&history.network, &node.node, worst.column);
            if let Ok(samples) = questions.query(&samples, end).await {
                worst.pin_down(&samples);
            }
        }
        tallies
    }
}

/// Asks until the deadline, and tells how long it took.
async fn within<T>(
    until: Instant,
    asking: impl Future<Output = Result<T, Trouble>>,
) -> (Result<T, Trouble>, Duration) {
    let begin = Instant::now();
    let told = timeout_at(until, asking).await.map_err(|_| client::Error::Timeout.into());
    (told.flatten(), begin.elapsed())
}

/// All that is known for one chart.
struct Known {
    network: survey::Network,
    networks: Vec<String>,
    plan: Plan,
    history: Arc<History>,
}
