//! The bot in front of the stand-in, and what it logs.

use std::{
    fmt::Debug,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
};

use headlag_service::{
    exposition::{Format, render},
    server::Listeners,
    web_config::Protection,
};
use jiff::tz::TimeZone;
use reqwest::{Proxy, Url};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tracing::{Dispatch, Event, Subscriber, field::Field, subscriber::DefaultGuard};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::bot_api::{Stand, TOKEN};
use crate::{
    alerts::{alertmanager::Alertmanager, silencer::Silencer},
    chart::Theme,
    chat::access::{Access, User},
    chat::conversation::Conversation,
    chat::place::Place,
    config::{Alerting, Credentials, HttpConfig},
    metrics::Metrics,
    picture::Painter,
    samples::client::Prometheus,
    serve::{self, Ended, Parts},
    telegram::Telegram,
    web::Readiness,
    words::Language,
};

/// What Alertmanager has to know.
pub const SECRET: &str = "s3cret of Alertmanager";

/// A bot that lets the users 7 and 8 in.
pub struct Running {
    pub ready: Readiness,
    /// Its own pages.
    pub pages: Url,
    metrics: Metrics,
    /// What the files with secrets hold from now on.
    pub renewal: mpsc::Sender<Credentials>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Ended>>,
}

impl Running {
    pub fn at(stand: &Stand) -> Self {
        Self::by_way_of(None, stand.url.clone(), stand)
    }

    pub fn by_way_of(proxy: Option<Proxy>, api_url: Url, stand: &Stand) -> Self {
        Self::start(proxy, &api_url, stand, None, None, None)
    }

    /// A bot that delivers alerts to these chats, separated by commas.
    pub fn with_alerts(stand: &Stand, chats: &str) -> Self {
        Self::with_silences(stand, chats, None)
    }

    /// The same with an Alertmanager for silences.
    pub fn with_silences(stand: &Stand, chats: &str, alertmanager: Option<Alertmanager>) -> Self {
        let silencer = alertmanager.map(|it| Arc::new(Silencer::new(it, TimeZone::UTC)));
        Self::start(None, &stand.url, stand, Some(Self::alerting(chats)), silencer, None)
    }

    /// The same, its own pages under this web config.
    pub fn behind(stand: &Stand, chats: &str, web_config: PathBuf) -> Self {
        let protection = Protection::new(web_config).unwrap();
        Self::start(None, &stand.url, stand, Some(Self::alerting(chats)), None, Some(protection))
    }

    fn alerting(chats: &str) -> Alerting {
        let chats = chats.split(',').map(|chat| Place::parse(chat).unwrap()).collect();
        Alerting { chats, secret: SECRET.into(), language: Language::English }
    }

    fn start(
        proxy: Option<Proxy>,
        api_url: &Url,
        stand: &Stand,
        alerting: Option<Alerting>,
        silencer: Option<Arc<Silencer>>,
        protection: Option<Protection>,
    ) -> Self {
        let metrics = Metrics::default();
        let prometheus = Prometheus::new(&stand.url, &HttpConfig::default()).unwrap();
        let painter = Painter::new(prometheus, TimeZone::UTC, Theme::Light, metrics.clone());
        let access = Access::new(vec![User::Id(7), User::Id(8)]);
        let conversation = Conversation::new(access, painter.clone(), metrics.clone());
        let telegram = Telegram::new(&TOKEN.into(), api_url, proxy, metrics.clone()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let pages = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listeners = Listeners::of(TcpListener::from_std(listener).unwrap(), protection);
        let (stop, stopped) = oneshot::channel();
        let (renewal, credentials) = mpsc::channel(1);
        let ready = Readiness::default();
        let ready_of_bot = ready.clone();
        let parts = Parts {
            listeners,
            telegram,
            conversation,
            painter,
            ready: ready_of_bot,
            alerting,
            silencer,
            credentials,
        };
        let stopped = async { stopped.await.unwrap() };
        let task = tokio::spawn(serve::run(parts, metrics.clone(), stopped));
        Self { ready, pages, metrics, renewal, stop, task }
    }

    /// The lines of its metrics that begin with `headlag_chartbot_` and this.
    pub fn metrics(&self, name: &str) -> Vec<String> {
        let text = render(&self.metrics.registry(), Format::Text).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("headlag_chartbot_"));
        lines.filter(|line| line.starts_with(name)).map(str::to_owned).collect()
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// As a signal that no process can catch.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// What the bot logs on this thread while this lives, at level info and above.
pub struct Log {
    lines: Lines,
    _here: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        if level <= tracing::Level::INFO && target.starts_with("headlag") {
            let mut line = format!("{level}");
            event.record(&mut |field: &Field, value: &dyn Debug| {
                if field.name() == "message" {
                    line += &format!(" {value:?}");
                }
            });
            self.0.lock().unwrap().push(line);
        }
    }
}

/// While a process has one subscriber only, tracing asks the thread that comes to a log line
/// first whether anybody wants it, and takes its no for that of all. Not so beside this one.
static ANOTHER: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::registry().with(Lines::default())));

impl Log {
    pub fn begin() -> Self {
        LazyLock::force(&ANOTHER);
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        Self { lines, _here: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines since this was asked last.
    pub fn news(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.0.lock().unwrap())
    }
}
