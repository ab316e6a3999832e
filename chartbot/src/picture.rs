//! From a range to a picture with its caption: what is known, drawn, in words.

use std::{num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use jiff::tz::TimeZone;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    alerts::subject::Subject,
    chart::{self, Card, Theme},
    chat::{command::Range, trouble::Trouble},
    clock,
    config::{Charts, Upstream},
    metrics::Metrics,
    samples::{
        client::{self, Prometheus, Questions},
        facts::Facts,
        grid::History,
        history::{self, Told},
        survey::{self, Survey},
        warning::Warning,
    },
    words::{
        Words,
        caption::{self, Story},
        moment::Times,
    },
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
}

/// What is known of one network over a range.
#[derive(Debug, Clone)]
pub struct Known {
    /// What is said of it.
    pub facts: Facts,
    /// What is drawn of it.
    pub history: History,
    /// What the reader has to know beside.
    pub warnings: Vec<Warning>,
    /// All networks that could be shown, by name.
    pub networks: Vec<String>,
}

/// Draws pictures of what one Prometheus holds, with times in one zone.
#[derive(Clone)]
pub struct Painter {
    /// The server with the samples.
    pub prometheus: Prometheus,
    /// The zone of all times.
    pub zone: TimeZone,
    /// The colours where nobody asks for others.
    pub theme: Theme,
    /// One place for each processor: more charts at a time would only slow each other.
    places: Arc<Semaphore>,
    metrics: Metrics,
}

impl Painter {
    /// Asks `prometheus`, shows all times in `zone`, and draws in the colours of `theme`.
    #[must_use]
    pub fn new(prometheus: Prometheus, zone: TimeZone, theme: Theme, metrics: Metrics) -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self { prometheus, zone, theme, places: Arc::new(Semaphore::new(processors)), metrics }
    }

    /// One for the charts that the flags ask for.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn of(charts: &Charts, metrics: &Metrics) -> anyhow::Result<Self> {
        let Upstream { url, http } = &charts.prometheus;
        let prometheus = Prometheus::new(url, http).context("cannot set up TLS")?;
        Ok(Self::new(prometheus, charts.zone.clone(), charts.theme, metrics.clone()))
    }

    /// What is known of the last `range`, of `network` or else of the one in the worst state.
    ///
    /// # Errors
    /// Why nothing is.
    pub async fn know(&self, range: Range, network: Option<&str>) -> Result<Known, Trouble> {
        self.in_time(self.ask(range, network)).await
    }

    /// What is known of the last hour of the worst of these nodes, alone; or of the worst of these
    /// networks, where no node of theirs is among them.
    ///
    /// # Errors
    /// Why nothing is.
    pub async fn know_worst(&self, of: &Subject) -> Result<Known, Trouble> {
        self.in_time(self.ask_worst(of)).await
    }

    async fn in_time(&self, asked: impl Future<Output = Result<Known, Trouble>>) -> Result<Known, Trouble> {
        let begin = clock::now();
        let known = timeout(ASKING, asked).await;
        self.metrics.queried(clock::since(begin));
        known.unwrap_or(Err(client::Error::Timeout.into()))
    }

    async fn ask(&self, range: Range, network: Option<&str>) -> Result<Known, Trouble> {
        let questions = &Questions::new(&self.prometheus);
        let survey = Survey::ask(questions, range).await?;
        let place = match network {
            Some(asked) => {
                survey.networks.iter().position(|network| network.name.eq_ignore_ascii_case(asked))
            }
            None if survey.networks.len() > 1 => survey::worst(&survey.look(questions).await?),
            None => (!survey.networks.is_empty()).then_some(0),
        };
        let networks: Vec<_> = survey.networks.iter().map(|network| network.name.clone()).collect();
        let warnings = |mut of: Vec<Warning>| {
            of.extend(survey.warnings.clone());
            of
        };
        let Some(chosen) = place.and_then(|place| survey.networks.get(place)) else {
            return Err(match (network, networks.is_empty()) {
                (Some(asked), false) => Trouble::NoSuchNetwork { asked: asked.to_owned(), known: networks },
                _ => Trouble::no_data(warnings(questions.warnings())),
            });
        };
        let Told { facts, history, .. } = history::ask(questions, &survey, chosen, range).await?;
        Ok(Known { facts, history, warnings: warnings(questions.warnings()), networks })
    }

    async fn ask_worst(&self, of: &Subject) -> Result<Known, Trouble> {
        let questions = &Questions::new(&self.prometheus);
        let mut survey = Survey::ask(questions, Range::HOUR).await?;
        let has_nodes = survey.narrow(|network| of.nodes(network));
        let place = match survey.networks.len() {
            0 | 1 => 0,
            _ => survey::worst(&survey.look(questions).await?).unwrap_or_default(),
        };
        let chosen = survey.networks.get(place).ok_or(Trouble::NoData)?;
        let Told { mut facts, mut history, .. } =
            history::ask(questions, &survey, chosen, Range::HOUR).await?;
        if has_nodes {
            // Both have the worst first.
            facts.nodes.truncate(1);
            history.watched.truncate(1);
            history.nodes = facts.nodes.len();
        }
        let networks = vec![chosen.name.clone()];
        let warnings = questions.warnings().into_iter().chain(survey.warnings).collect();
        Ok(Known { facts, history, warnings, networks })
    }

    /// The picture of what is known, in the language of `words`, in the colours of `theme` or
    /// else the usual ones.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub async fn paint(
        &self,
        known: &Known,
        theme: Option<Theme>,
        words: &'static Words,
    ) -> Result<Picture, Trouble> {
        let (zone, Known { facts, history, warnings, .. }) = (&self.zone, known);
        let card = Card::new(facts, history, zone, words);
        let png = self.draw(card, theme.unwrap_or(self.theme), words).await?;
        let times = Times { zone, now: facts.until, words };
        Ok(Picture { png, caption: caption::write(Story { facts, warnings, times }) })
    }

    /// Draws as soon as there is a place.
    async fn draw(&self, card: Card, theme: Theme, words: &'static Words) -> Result<Bytes, Trouble> {
        let zone = self.zone.clone();
        // The semaphore is never closed; the place is kept until the drawing itself ended.
        let place = self.places.clone().acquire_owned().await.ok();
        let metrics = self.metrics.clone();
        let drawn = spawn_blocking(move || {
            let _place = place;
            let begin = clock::now();
            let drawn = chart::draw(&card, &zone, theme, words);
            metrics.drawn(clock::since(begin));
            drawn
        });
        let drawn = drawn.await.map_err(|error| Trouble::NotDrawn(error.to_string()))?;
        drawn.map(Bytes::from).map_err(|error| Trouble::NotDrawn(error.to_string()))
    }
}
