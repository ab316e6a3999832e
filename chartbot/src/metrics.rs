//! The bot's own metrics; this and `metrics/` are the only places with their names.

pub mod alerts;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use headlag_service::{
    build_info::{REVISION, VERSION},
    process::ProcessCollector,
};
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};

use crate::{chat::access::Refusal, telegram::FaultKind};

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// From a fast answer to the longest wait.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 20.0];

/// What happened since the start. Clones share the counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    commands: Family<Labels<2>, Counter>,
    refused: Family<Labels<1>, Counter>,
    telegram_errors: Family<Labels<1>, Counter>,
    query: Histogram,
    draw: Histogram,
    send: Histogram,
    last_poll: LastPoll,
    /// About alerts.
    pub alerts: alerts::AlertMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let refused = Family::<Labels<1>, Counter>::default();
        // Each reason is counted from the start, so that the first one is an increase.
        for refusal in Refusal::ALL {
            let _ = refused.get_or_create(&[("reason", refusal.label())]);
        }
        let telegram_errors = Family::<Labels<1>, Counter>::default();
        for kind in FaultKind::ALL {
            let _ = telegram_errors.get_or_create(&[("reason", kind.label())]);
        }
        Self {
            commands: Family::default(),
            refused,
            telegram_errors,
            query: Histogram::new(SECONDS),
            draw: Histogram::new(SECONDS),
            send: Histogram::new(SECONDS),
            last_poll: LastPoll::default(),
            alerts: alerts::AlertMetrics::default(),
        }
    }
}

/// Unix time in milliseconds of the last successful poll; 0 before the first.
#[derive(Debug, Clone, Default)]
struct LastPoll(Arc<AtomicU64>);

impl Collector for LastPoll {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let at = self.0.load(Ordering::Relaxed);
        if at == 0 {
            return Ok(());
        }
        let gauge = ConstGauge::new(at as f64 / 1_000.0);
        let descriptor = encoder.encode_descriptor(
            "headlag_chartbot_last_poll_timestamp",
            "Unix time at which Telegram last answered a poll, absent before the first answer",
            Some(&Unit::Seconds),
            gauge.metric_type(),
        )?;
        gauge.encode(descriptor)
    }
}

impl Metrics {
    /// All metrics of the process, ready to be scraped.
    #[must_use]
    pub fn registry(&self) -> Registry {
        let mut everything = Registry::default();
        everything.register_collector(Box::new(ProcessCollector));
        everything.register_collector(Box::new(self.last_poll.clone()));
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
            "Commands of allowed users by command and outcome",
            self.commands.clone(),
        );
        registry.register("refused", "Messages without an answer by reason", self.refused.clone());
        registry.register(
            "telegram_errors",
            "Failed requests to the Telegram Bot API by reason",
            self.telegram_errors.clone(),
        );
        for (name, help, histogram) in [
            ("query_duration", "Duration of all Prometheus queries for one answer", &self.query),
            ("draw_duration", "Duration of drawing one chart", &self.draw),
            ("send_duration", "Duration of delivering one answer to Telegram", &self.send),
        ] {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
        self.alerts.register(registry);
        everything
    }

    /// A command of an allowed user was handled.
    pub fn command(&self, command: &'static str, outcome: &'static str) {
        let labels = [("command", command), ("outcome", outcome)];
        self.commands.get_or_create(&labels).inc();
    }

    /// A message got no answer.
    pub fn refused(&self, refusal: Refusal) {
        self.refused.get_or_create(&[("reason", refusal.label())]).inc();
    }

    /// All queries to Prometheus for one answer are done.
    pub fn queried(&self, took: Duration) {
        self.query.observe(took.as_secs_f64());
    }

    /// A chart was drawn.
    pub fn drawn(&self, took: Duration) {
        self.draw.observe(took.as_secs_f64());
    }

    /// An answer was delivered to Telegram, or given up.
    pub fn sent(&self, took: Duration) {
        self.send.observe(took.as_secs_f64());
    }

    /// Telegram answered a poll.
    pub fn polled(&self, at: Timestamp) {
        let at = u64::try_from(at.as_millisecond()).unwrap_or_default();
        self.last_poll.0.store(at, Ordering::Relaxed);
    }

    /// A request to Telegram failed.
    pub fn telegram_error(&self, kind: FaultKind) {
        self.telegram_errors.get_or_create(&[("reason", kind.label())]).inc();
    }
}

#[cfg(test)]
mod tests {
    use headlag_service::{
        document,
        exposition::{Format, render},
    };

    use super::*;

    #[test]
    fn document_of_all_metrics() {
        let metrics = Metrics::default();
        metrics.polled(Timestamp::from_millisecond(1_800_000_000_250).unwrap());
        metrics.command("hour", "ok");
        let text = render(&metrics.registry(), Format::Text).unwrap();
        // Those of any process are in the exporter's part of the page.
        let own = text.split_inclusive("# HELP ").filter(|family| !family.starts_with("process_"));
        let table = document::metrics(&own.collect::<String>(), &["reason", "result", "event"]);
        document::settle(
            env!("CARGO_MANIFEST_DIR"),
            "../docs/metrics.md",
            "metrics of headlag-chartbot",
            &table,
        )
        .unwrap();
    }

    #[test]
    fn what_a_scrape_shows() {
        let metrics = Metrics::default();
        let registry = metrics.registry();
        let text = || render(&registry, Format::Text).unwrap();
        assert!(!text().contains("last_poll"));
        metrics.polled(Timestamp::from_millisecond(1_800_000_000_250).unwrap());
        metrics.command("hour", "ok");
        metrics.refused(Refusal::Stranger);
        metrics.telegram_error(FaultKind::Timeout);
        metrics.queried(Duration::from_millis(30));
        metrics.drawn(Duration::from_millis(3));
        metrics.sent(Duration::from_secs(1));
        let text = text();
        for line in [
            "headlag_chartbot_last_poll_timestamp_seconds 1800000000.25",
            "headlag_chartbot_commands_total{command=\"hour\",outcome=\"ok\"} 1",
            "headlag_chartbot_refused_total{reason=\"bot\"} 0",
            "headlag_chartbot_refused_total{reason=\"stranger\"} 1",
            "headlag_chartbot_refused_total{reason=\"unreadable\"} 0",
            "headlag_chartbot_telegram_errors_total{reason=\"timeout\"} 1",
            "headlag_chartbot_telegram_errors_total{reason=\"server_error\"} 0",
            "headlag_chartbot_query_duration_seconds_bucket{le=\"0.025\"} 0",
            "headlag_chartbot_query_duration_seconds_bucket{le=\"0.05\"} 1",
            "headlag_chartbot_draw_duration_seconds_count 1",
            "headlag_chartbot_send_duration_seconds_sum 1.0",
            "headlag_chartbot_alerts_undelivered_total{reason=\"blocked\"} 0",
            "headlag_chartbot_alerts_undelivered_total{reason=\"kicked\"} 0",
            "headlag_chartbot_alerts_undelivered_total{reason=\"not_found\"} 0",
            "headlag_chartbot_alerts_truncated_total 0",
            "headlag_chartbot_alert_webhooks_total{result=\"retry\"} 0",
            "headlag_chartbot_alerts_delivered_total{event=\"firing\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
