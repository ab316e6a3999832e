//! The flags of listening, the same in both services.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Command, builder::BoolishValueParser};
use listenfd::ListenFd;

use super::environment::listen_address;
use crate::{
    server::Listening,
    web_config::{self, Protection, Unprotected},
};

const LISTEN_ADDRESS: &str = "--web.listen-address";
const PROBE_ADDRESS: &str = "--web.probe-listen-address";
const SOCKET: &str = "--web.systemd-socket";

/// Where to listen, and what protects it.
#[derive(Debug, Clone, Default, Args)]
pub struct ListenOptions {
    /// Address to serve on; may be given several times (in the environment, separated by
    /// commas). :PORT is every interface
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        value_delimiter = ',',
        global = true,
        help_heading = "Web"
    )]
    pub listen_addresses: Vec<String>,
    /// Serve on the sockets that systemd passes (socket activation) in place of
    /// --web.listen-address
    #[arg(
        long = "web.systemd-socket",
        value_parser = BoolishValueParser::new(),
        global = true,
        help_heading = "Web"
    )]
    pub systemd_socket: bool,
    /// File with TLS, logins and headers, in the format of Prometheus' exporter-toolkit; it is
    /// read again when it changes. See docs/web-config.md
    #[arg(long = "web.config.file", value_name = "FILE", global = true, help_heading = "Web")]
    pub web_config_file: Option<PathBuf>,
    /// Further address for health checks alone (/-/healthy and /-/ready, and /health/... of the
    /// exporter), which is plain HTTP without a login whatever --web.config.file demands; may be
    /// given several times
    #[arg(
        long = "web.probe-listen-address",
        value_name = "ADDRESS",
        value_delimiter = ',',
        global = true,
        help_heading = "Web"
    )]
    pub probe_addresses: Vec<String>,
}

/// Where a running service is asked for its health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthAddress {
    /// One of its own addresses.
    pub address: SocketAddr,
    /// What protects it; absent where nothing does.
    pub config_file: Option<PathBuf>,
}

impl ListenOptions {
    /// Lets `command`, which has these options, serve on `address` where none is given.
    #[must_use]
    pub(super) fn with_default(command: Command, address: &'static str) -> Command {
        command.mut_arg("listen_addresses", |arg| arg.default_value(address))
    }

    /// Where to listen. Takes the sockets that systemd has passed.
    ///
    /// # Errors
    /// Every problem, each a sentence or the report of the config file.
    pub fn to_serve(&self) -> Result<Listening, Vec<String>> {
        let mut problems = Vec::new();
        let mut keep = |result: Result<_, Vec<String>>| result.map_err(|wrong| problems.extend(wrong)).ok();
        let addresses = keep(addresses(LISTEN_ADDRESS, &self.listen_addresses));
        let probe_addresses = keep(self::addresses(PROBE_ADDRESS, &self.probe_addresses));
        let protection = self.config_file().map(Protection::new).transpose();
        let protection = protection.map_err(|error| problems.push(error.to_string())).ok();
        let sockets = if self.systemd_socket { passed_sockets() } else { Ok(Vec::new()) };
        let sockets = sockets.map_err(|problem| problems.push(problem)).ok();
        if !self.systemd_socket && addresses.as_ref().is_some_and(Vec::is_empty) {
            problems.push(format!("{LISTEN_ADDRESS} is empty; give an address such as 127.0.0.1:9917"));
        }
        let listening = || {
            Some(Listening {
                addresses: addresses.filter(|_| !self.systemd_socket).unwrap_or_default(),
                sockets: sockets?,
                protection: protection?,
                probe_addresses: probe_addresses?,
            })
        };
        listening().filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// Where the running service is asked for its health: on the address for that where there
    /// is one, else on the first with a port that is known.
    ///
    /// # Errors
    /// Every problem, each a sentence.
    pub fn to_check_health(&self) -> Result<HealthAddress, Vec<String>> {
        let probes = addresses(PROBE_ADDRESS, &self.probe_addresses)?;
        let main = addresses(LISTEN_ADDRESS, &self.listen_addresses)?;
        let known = |addresses: Vec<SocketAddr>| addresses.into_iter().find(|address| address.port() != 0);
        if let Some(address) = known(probes) {
            return Ok(HealthAddress { address, config_file: None });
        }
        match known(main) {
            Some(address) => Ok(HealthAddress { address, config_file: self.config_file() }),
            None => Err(vec![format!(
                "{LISTEN_ADDRESS} names no port; give the address where the service listens"
            )]),
        }
    }

    /// Reads the web config alone.
    ///
    /// # Errors
    /// Its report.
    pub fn check(&self) -> Result<(), Vec<String>> {
        match self.config_file().map(|file| web_config::load(&file)) {
            Some(Err(report)) => Err(vec![Unprotected::from(report).to_string()]),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Absent where the name is empty, as in the toolkit.
    fn config_file(&self) -> Option<PathBuf> {
        self.web_config_file.clone().filter(|file| !file.as_os_str().is_empty())
    }
}

fn addresses(flag: &str, given: &[String]) -> Result<Vec<SocketAddr>, Vec<String>> {
    let (mut addresses, mut problems) = (Vec::new(), Vec::new());
    for text in given.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        match listen_address(text) {
            Ok(address) => addresses.push(address),
            Err(problem) => problems.push(format!("{flag} {text:?}: {problem}")),
        }
    }
    if problems.is_empty() { Ok(addresses) } else { Err(problems) }
}

/// Source of the protocol: sd_listen_fds(3).
fn passed_sockets() -> Result<Vec<std::net::TcpListener>, String> {
    let mut passed = ListenFd::from_env();
    if passed.len() == 0 {
        return Err(format!(
            "{SOCKET} is given, but systemd passed no socket; start the service by its .socket unit"
        ));
    }
    let count = passed.len();
    let take = |index| match passed.take_tcp_listener(index) {
        Ok(Some(socket)) => Ok(socket),
        _ => Err(format!(
            "{SOCKET}: socket {} of those that systemd passed is not a TCP socket; write ListenStream= \
             with a port or an address",
            index + 1
        )),
    };
    (0..count).map(take).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches;

    fn options(arguments: &[&str]) -> ListenOptions {
        let command =
            ListenOptions::with_default(ListenOptions::augment_args(Command::new("x")), "127.0.0.1:9");
        let matches = command.get_matches_from([&["x"], arguments].concat());
        ListenOptions::from_arg_matches(&matches).unwrap()
    }

    #[track_caller]
    fn check(arguments: &[&str], addresses: &[&str], health: Result<&str, &str>) {
        let options = options(arguments);
        let listening = options.to_serve().unwrap_or_else(|problems| panic!("{problems:?}"));
        let texts: Vec<_> = listening.addresses.iter().map(SocketAddr::to_string).collect();
        assert_eq!(texts, addresses, "{arguments:?}");
        let asked = options.to_check_health().map(|asked| asked.address.to_string());
        assert_eq!(
            asked,
            health.map(str::to_owned).map_err(|problem| vec![problem.to_owned()]),
            "{arguments:?}"
        );
    }

    #[test]
    fn addresses_add_up_and_replace_the_default() {
        const NO_PORT: &str =
            "--web.listen-address names no port; give the address where the service listens";
        let [flag, probe] = [LISTEN_ADDRESS, PROBE_ADDRESS];
        check(&[], &["127.0.0.1:9"], Ok("127.0.0.1:9"));
        check(&[flag, "[::1]:1", flag, ":2"], &["[::1]:1", "[::]:2"], Ok("[::1]:1"));
        check(&[flag, "10.0.0.1:1,10.0.0.2:2"], &["10.0.0.1:1", "10.0.0.2:2"], Ok("10.0.0.1:1"));
        check(&[flag, "10.0.0.1:0", flag, "10.0.0.1:2"], &["10.0.0.1:0", "10.0.0.1:2"], Ok("10.0.0.1:2"));
        check(&[flag, "10.0.0.1:0"], &["10.0.0.1:0"], Err(NO_PORT));
        check(&[probe, ":3"], &["127.0.0.1:9"], Ok("[::]:3"));
        check(&[probe, "10.0.0.1:0"], &["127.0.0.1:9"], Ok("127.0.0.1:9"));
    }

    #[test]
    fn a_service_listens_somewhere() {
        for nothing in ["", ",", " "] {
            let problems = options(&["--web.listen-address", nothing]).to_serve().err();
            let empty = "--web.listen-address is empty; give an address such as 127.0.0.1:9917";
            assert_eq!(problems, Some(vec![empty.to_owned()]), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_reported_together() {
        let wrong = options(&[
            LISTEN_ADDRESS,
            "1",
            PROBE_ADDRESS,
            "2",
            SOCKET,
            "--web.config.file",
            "/nowhere/web.yml",
        ]);
        assert_eq!(
            wrong.to_serve().err().unwrap(),
            [
                "--web.listen-address \"1\": must be host:port or :port, such as 127.0.0.1:9917 or [::1]:9917",
                "--web.probe-listen-address \"2\": must be host:port or :port, such as 127.0.0.1:9917 or [::1]:9917",
                "--web.config.file /nowhere/web.yml has one problem:\n  /nowhere/web.yml: cannot read it: \
                 No such file or directory (os error 2)",
                "--web.systemd-socket is given, but systemd passed no socket; start the service by its .socket unit",
            ]
        );
    }
}
