//! What a process used so far, from `/proc` (see proc(5)).

use std::{fs, time::Duration};

use anyhow::Context;

/// The CPU time of a process, user and system.
pub fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).context(path)?;
    // The second field is the program's name in parentheses and may hold spaces.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace().collect::<Vec<_>>());
    let ticks = |number: usize| fields.as_ref()?.get(number - 3)?.parse::<u64>().ok();
    let used = ticks(14).zip(ticks(15)).context("/proc/PID/stat has no CPU times")?;
    Ok(Duration::from_secs_f64((used.0 + used.1) as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// A line of `/proc/PID/status` in MiB: `VmRSS` is the memory now, `VmHWM` the highest so far.
pub fn mib(pid: u32, name: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).context(path)?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(kib.with_context(|| format!("/proc/PID/status has no {name}"))? / 1024.0)
}

/// The load of the machine over 1, 5 and 15 minutes.
pub fn load() -> anyhow::Result<String> {
    let load = fs::read_to_string("/proc/loadavg").context("/proc/loadavg")?;
    Ok(load.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}
