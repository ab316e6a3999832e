//! The `process_*` metrics every Prometheus client offers, read from `/proc/self`
//! (see proc(5)). Where there is no `/proc` they are absent.

use std::{fmt, fs};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// Collects the metrics of this process anew at each scrape.
#[derive(Debug)]
pub struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(now) = Usage::read() else {
            return Ok(());
        };
        let mut write = |name, help, metric: &dyn Metric| metric.write(&mut encoder, name, help);
        write(
            "process_cpu_seconds",
            "Total user and system CPU time spent in seconds",
            &ConstCounter::new(now.cpu_seconds),
        )?;
        write("process_open_fds", "Number of open file descriptors", &ConstGauge::new(now.open_fds))?;
        if let Some(max) = now.max_fds {
            write("process_max_fds", "Maximum number of open file descriptors", &ConstGauge::new(max))?;
        }
        write(
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes",
            &ConstGauge::new(now.virtual_bytes),
        )?;
        write(
            "process_resident_memory_bytes",
            "Resident memory size in bytes",
            &ConstGauge::new(now.resident_bytes),
        )?;
        write(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds",
            &ConstGauge::new(now.start_time),
        )
    }
}

/// A metric that can be written without naming its type.
trait Metric {
    fn write(&self, encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str) -> fmt::Result;
}

impl<M: EncodeMetric> Metric for M {
    fn write(&self, encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str) -> fmt::Result {
        self.encode(encoder.encode_descriptor(name, help, None, self.metric_type())?)
    }
}

struct Usage {
    cpu_seconds: f64,
    start_time: f64,
    virtual_bytes: u64,
    resident_bytes: u64,
    open_fds: u64,
    max_fds: Option<u64>,
}

impl Usage {
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let boot = fs::read_to_string("/proc/stat").ok()?;
        let open_fds = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        Self::parse(&stat, &boot, open_fds)
    }

    fn parse(stat: &str, boot: &str, open_fds: u64) -> Option<Self> {
        // The second field is the program's name in parentheses and may hold spaces.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let boot_time: u64 =
            boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) as f64 / ticks,
            start_time: boot_time as f64 + field(22)? as f64 / ticks,
            virtual_bytes: field(23)?,
            resident_bytes: field(24)? * rustix::param::page_size() as u64,
            open_fds,
            max_fds: limit.current,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_spaces_and_parentheses_shifts_no_field() {
        let mut stat = String::from("7 (a b) c) S");
        for number in 4..=24 {
            stat.push_str(&format!(" {number}"));
        }
        let usage = Usage::parse(&stat, "cpu 1 2\nbtime 1000\n", 9).unwrap();
        assert_eq!(usage.virtual_bytes, 23);
        assert_eq!(usage.resident_bytes, 24 * rustix::param::page_size() as u64);
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert!((usage.cpu_seconds - 29.0 / ticks).abs() < 1e-9);
        assert!((usage.start_time - (1000.0 + 22.0 / ticks)).abs() < 1e-9);
    }

    #[test]
    fn this_process_is_seen() {
        let usage = Usage::read().unwrap();
        assert!(usage.resident_bytes > 100_000 && usage.open_fds > 0);
    }
}
