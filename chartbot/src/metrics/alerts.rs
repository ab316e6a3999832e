//! The metrics about alerts.

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::Labels;
use crate::{
    alerts::chats::{Redirected, Undelivered},
    labels::labels,
};

labels! {
    /// What a webhook was answered with.
    pub enum WebhookResult {
        /// 200: every chat has it, or can never get it.
        Ok = "ok",
        /// 503: a chat may get it later.
        Retry = "retry",
        /// 401.
        Unauthorized = "unauthorized",
        /// 400 or 408.
        Malformed = "malformed",
        /// 413.
        TooLarge = "too_large",
    }
}

labels! {
    /// What a chat got to know of an alert.
    pub enum Event {
        /// It fires.
        Firing = "firing",
        /// It ended.
        Resolved = "resolved",
    }
}

labels! {
    /// What became of the card of an alert.
    pub enum CardOutcome {
        /// It is in the message.
        Shown = "shown",
        /// Prometheus did not answer, or has no data.
        NoData = "no_data",
        /// It could not be drawn, or Telegram did not take it.
        Failed = "failed",
    }
}

/// What happened to alerts since the start. Clones share the counts.
#[derive(Debug, Clone)]
pub struct AlertMetrics {
    webhooks: Family<Labels<1>, Counter>,
    delivered: Family<Labels<1>, Counter>,
    undelivered: Family<Labels<1>, Counter>,
    redirected: Family<Labels<1>, Counter>,
    cards: Family<Labels<1>, Counter>,
    rejected: Counter,
    truncated: Counter,
    unreadable: Counter,
}

impl Default for AlertMetrics {
    /// Each label is counted from the start, so that the first event is an increase.
    fn default() -> Self {
        let family = |name: &'static str, values: Vec<&'static str>| {
            let family = Family::<Labels<1>, Counter>::default();
            for value in values {
                let _ = family.get_or_create(&[(name, value)]);
            }
            family
        };
        let webhooks = WebhookResult::ALL.iter().map(|it| it.label()).collect();
        let events = Event::ALL.iter().map(|it| it.label()).collect();
        let undelivered = Undelivered::ALL.iter().map(|it| it.label()).collect();
        let redirected = Redirected::ALL.iter().map(|it| it.label()).collect();
        let cards = CardOutcome::ALL.iter().map(|it| it.label()).collect();
        Self {
            webhooks: family("result", webhooks),
            delivered: family("event", events),
            undelivered: family("reason", undelivered),
            redirected: family("reason", redirected),
            cards: family("outcome", cards),
            rejected: Counter::default(),
            truncated: Counter::default(),
            unreadable: Counter::default(),
        }
    }
}

impl AlertMetrics {
    /// Puts all of them into the registry of the bot.
    pub(super) fn register(&self, registry: &mut Registry) {
        for (name, help, family) in [
            ("alert_webhooks", "Webhooks of Alertmanager by result", &self.webhooks),
            ("alerts_delivered", "Alerts reported to a chat by event", &self.delivered),
            (
                "alerts_undelivered",
                "Alerts that a chat can never get, and chats found unreachable at start, by reason",
                &self.undelivered,
            ),
            (
                "alerts_redirected",
                "Messages about alerts that went to another chat or topic than configured, by reason",
                &self.redirected,
            ),
            ("alert_cards", "Cards of alerts by outcome", &self.cards),
        ] {
            registry.register(name, help, family.clone());
        }
        for (name, help, counter) in [
            (
                "alerts_rejected",
                "Alerts that Telegram refused, with their buttons and as plain text",
                &self.rejected,
            ),
            ("alerts_truncated", "Alerts that Alertmanager left out because of max_alerts", &self.truncated),
            ("alerts_unreadable", "Alerts in webhooks that could not be read", &self.unreadable),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    /// A webhook was answered.
    pub fn webhook(&self, result: WebhookResult) {
        self.webhooks.get_or_create(&[("result", result.label())]).inc();
    }

    /// So many alerts were reported to a chat.
    pub fn delivered(&self, event: Event, alerts: usize) {
        self.delivered.get_or_create(&[("event", event.label())]).inc_by(alerts as u64);
    }

    /// A chat can never get so many alerts.
    pub fn undelivered(&self, reason: Undelivered, alerts: usize) {
        self.undelivered.get_or_create(&[("reason", reason.label())]).inc_by(alerts as u64);
    }

    /// Telegram refused a message about so many alerts.
    pub fn rejected(&self, alerts: usize) {
        self.rejected.inc_by(alerts as u64);
    }

    /// A message went to another place than configured.
    pub fn redirected(&self, reason: Redirected) {
        self.redirected.get_or_create(&[("reason", reason.label())]).inc();
    }

    /// Alertmanager left so many alerts out.
    pub fn truncated(&self, alerts: u64) {
        self.truncated.inc_by(alerts);
    }

    /// So many alerts could not be read.
    pub fn unreadable(&self, alerts: usize) {
        self.unreadable.inc_by(alerts as u64);
    }

    /// The card of an alert is in its message, or never will be.
    pub fn card(&self, outcome: CardOutcome) {
        self.cards.get_or_create(&[("outcome", outcome.label())]).inc();
    }
}
