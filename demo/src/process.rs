//! Child processes: started on a port, waited for, listened to, ended.

use std::collections::VecDeque;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// How long a process may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);
/// How often a process is asked whether it is ready.
const READY_CHECK: Duration = Duration::from_millis(50);
/// How long to wait for the rest of the log of a process that ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Log lines kept to show why a process died.
const LINES_KEPT: usize = 5;

/// A port that is ours until a child takes it over.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    _held: TcpListener,
}

/// A port that another program has.
#[derive(Debug)]
pub struct TakenPort {
    address: SocketAddr,
    what: &'static str,
    flag: &'static str,
    reason: std::io::Error,
}

impl fmt::Display for TakenPort {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let TakenPort { address, what, flag, reason } = self;
        write!(
            f,
            "cannot listen on {address} for {what}: {reason}; \
             end what listens there or move it with {flag} (port 0: any free one)"
        )
    }
}

impl std::error::Error for TakenPort {}

impl Port {
    /// Takes `wanted` (port 0: any free one) for a program, named with the flag that moves it.
    pub fn take(wanted: SocketAddr, what: &'static str, flag: &'static str) -> Result<Self, TakenPort> {
        let taken = |reason| TakenPort { address: wanted, what, flag, reason };
        let held = TcpListener::bind(wanted).map_err(taken)?;
        let address = held.local_addr().map_err(taken)?;
        Ok(Port { address, _held: held })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets go of it, for the program that is started next.
    pub fn hand_over(self) -> SocketAddr {
        self.address
    }
}

/// A program of this workspace, built beside this one. Test executables live one folder deeper.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find out where this program is")?;
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    found.with_context(|| {
        let folder = own.parent().unwrap_or(Path::new("."));
        format!("{name} is not in {}; build it with: cargo build -p {name}", folder.display())
    })
}

/// Runs a program to its end; `failure` says what did not work if it fails.
pub(crate) async fn run(command: &mut Command, failure: &str) -> anyhow::Result<()> {
    let output = command.kill_on_drop(true).output().await.with_context(|| failure.to_owned())?;
    if !output.status.success() {
        bail!("{failure}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// A running program; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: Option<JoinHandle<()>>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Starts `command`. Its log goes to our stderr, each line after its name.
    pub fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C is meant for us: we end the others.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let last_lines = Arc::default();
        let log = child.stderr.take().map(|log| tokio::spawn(follow(name, log, Arc::clone(&last_lines))));
        Ok(Process { name, child, log, last_lines })
    }

    /// Its process id; absent once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until `url` answers 200.
    pub async fn ready(&mut self, url: &str, within: Duration) -> anyhow::Result<()> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(2))
            .no_proxy()
            .build()
            .context("cannot make an HTTP client")?;
        let until = Instant::now() + within;
        let mut last = String::new();
        while Instant::now() < until {
            let answer = tokio::select! {
                answer = client.get(url).send() => answer,
                reason = self.ended() => bail!(reason),
            };
            match answer {
                Ok(answer) if answer.status() == 200 => return Ok(()),
                Ok(answer) => last = format!("status {}", answer.status()),
                Err(error) => last = error.to_string(),
            }
            sleep(READY_CHECK).await;
        }
        bail!("{} was not ready within {} s: {url}: {last}", self.name, within.as_secs());
    }

    /// Waits until the process ends by itself and reports how.
    pub async fn ended(&mut self) -> String {
        let status = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        // Its last lines show the reason. A child of its own may hold the pipe open, so not for ever.
        if let Some(log) = &mut self.log {
            let _ = timeout(LAST_WORDS, log).await;
            self.log = None;
        }
        let lines = self.last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
        format!("{} ended early ({status}){lines}", self.name)
    }

    /// Stops it where it is: it answers nothing, and its connections stay open. Or lets it go on.
    pub fn freeze(&self, is_frozen: bool) -> anyhow::Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.with_context(|| format!("{} has ended", self.name))?;
        let signal = if is_frozen { Signal::STOP } else { Signal::CONT };
        kill_process(pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Kills it at once, as `kill -9` does, and waits until it is gone.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))
    }

    /// Asks the process to end, and kills it if it does not within 5 s.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        let Some(pid) = pid else { return Ok(()) };
        // It may have ended by now.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        match timeout(GRACE, self.child.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(|status| status.success()) => Ok(()),
            Ok(status) => bail!("{} did not end well after SIGTERM: {status:?}", self.name),
            Err(_) => {
                self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))?;
                bail!("{} did not end within {} s after SIGTERM", self.name, GRACE.as_secs())
            }
        }
    }
}

async fn follow(name: &str, log: impl AsyncRead + Unpin, last: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{name} | {line}");
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LINES_KEPT {
            last.pop_front();
        }
        last.push_back(line);
    }
}
