//! `check-health`: asks the running service; for containers, which have no other program at
//! hand.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::StatusCode;

use crate::outbound;

/// A healthy service answers at once.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks the service that listens on `address` for its own `/-/healthy`.
///
/// # Errors
/// What was asked, and what came back.
pub async fn check_health(address: SocketAddr) -> anyhow::Result<()> {
    let url = format!("http://{}/-/healthy", reachable(address));
    let response = outbound::client(TIMEOUT)
        .build()?
        .get(&url)
        .send()
        .await
        .map_err(|error| outbound::classify(&error))
        .with_context(|| format!("asked {url}; is the service running on that address?"))?;
    match response.status() {
        StatusCode::OK => Ok(()),
        status => bail!("asked {url}: status {status}"),
    }
}

/// A service that listens on every interface, IPv6 or not, is reached on the IPv4 loopback
/// (see [`crate::server::bind`]).
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}
