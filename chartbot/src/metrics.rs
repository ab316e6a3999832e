//! The bot's own metrics; the only place with their names.

use headlag_service::process::ProcessCollector;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::access::Refusal;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit this was built from; the build sets it.
const REVISION: &str = match option_env!("HEADLAG_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// What happened since the start. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    commands: Family<Labels<2>, Counter>,
    refused: Family<Labels<1>, Counter>,
    telegram_errors: Family<Labels<1>, Counter>,
}

impl Metrics {
    /// All metrics of the process, ready to be scraped.
    #[must_use]
    pub fn registry(&self) -> Registry {
        let mut everything = Registry::default();
        everything.register_collector(Box::new(ProcessCollector));
        let registry = everything.sub_registry_with_prefix("headlag_chartbot");
        let build_info = Family::<Labels<2>, Gauge>::default();
        build_info.get_or_create(&[("version", VERSION), ("revision", REVISION)]).set(1);
        registry.register(
            "build_info",
            "A metric with a constant value of 1 labelled by version and revision",
            build_info,
        );
        registry.register(
            "commands",
            "Commands of allowed users by what was asked for and what came of it",
            self.commands.clone(),
        );
        registry.register("refused", "Messages that got no answer by why", self.refused.clone());
        registry.register(
            "telegram_errors",
            "Requests to the Telegram Bot API that failed by how",
            self.telegram_errors.clone(),
        );
        everything
    }

    /// A command of an allowed user was worked on.
    pub fn command(&self, command: &'static str, outcome: &'static str) {
        let labels = [("command", command), ("outcome", outcome)];
        self.commands.get_or_create(&labels).inc();
    }

    /// A message got no answer.
    pub fn refused(&self, refusal: Refusal) {
        self.refused.get_or_create(&[("reason", refusal.reason())]).inc();
    }

    /// A request to Telegram failed.
    pub fn telegram_error(&self, reason: &'static str) {
        self.telegram_errors.get_or_create(&[("reason", reason)]).inc();
    }
}
