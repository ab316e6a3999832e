//! Flags that may also come from the environment.

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs},
};

use clap::{Arg, Command, CommandFactory};

use super::ListenOptions;

/// The command line `C` of a service, which serves on `address` where none is given, and whose flags may
/// also come from the environment: from variables that begin with `prefix`.
#[must_use]
pub fn command<C: CommandFactory>(prefix: &'static str, address: &'static str) -> Command {
    with_environment(ListenOptions::with_default(C::command(), address), prefix)
}

/// Lets every flag of `command` and its subcommands also come from the environment:
/// `prefix`, `_`, then the flag in capitals with `.` and `-` as `_`. An empty variable
/// counts as unset: that is what a blank line in an env file gives. Values are not shown in
/// the help, since some are secrets.
fn with_environment(command: Command, prefix: &'static str) -> Command {
    command
        .mut_args(|arg| match variable_of(&arg, prefix) {
            Some(variable) if env::var_os(&variable).is_none_or(|value| !value.is_empty()) => {
                arg.env(variable).hide_env_values(true)
            }
            _ => arg,
        })
        .mut_subcommands(|subcommand| with_environment(subcommand, prefix))
}

fn variable_of(arg: &Arg, prefix: &str) -> Option<String> {
    let flag = arg.get_long()?;
    if ["help", "version"].contains(&flag) {
        return None;
    }
    Some(format!("{prefix}_{}", flag.replace(['.', '-'], "_").to_uppercase()))
}

/// Reads the address of a listener as Prometheus' own programs take it: `127.0.0.1:9917`,
/// `[::1]:9917`, `localhost:9917`, or `:9917` for every interface, over IPv6 and IPv4.
///
/// # Errors
/// A sentence that says what would be right.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    full.to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| "must be host:port or :port, such as 127.0.0.1:9917 or [::1]:9917".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_may_leave_the_host_out() {
        let text = |address| listen_address(address).map(|address| address.to_string());
        assert_eq!(text(":9917"), Ok("[::]:9917".into()));
        assert_eq!(text("[::1]:9917"), Ok("[::1]:9917".into()));
        assert!(text("9917").is_err() && text("127.0.0.1").is_err());
    }

    #[test]
    fn every_flag_has_its_variable_by_one_rule() {
        let command = Command::new("x").arg(Arg::new("a").long("web.listen-address"));
        let command = with_environment(command, "EXPORTER");
        let arg = command.get_arguments().next().unwrap();
        assert_eq!(arg.get_env().unwrap(), "EXPORTER_WEB_LISTEN_ADDRESS");
        assert!(arg.is_hide_env_values_set());
    }
}
