//! `check-health`: asks the running service; for containers, which have no other program at
//! hand.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::StatusCode;
use rustls::{ClientConfig, crypto::ring};

use super::{complain, listening::HealthAddress};
use crate::{
    outbound::{self, AnyCertificate, Failure},
    web_config,
};

/// A healthy service answers at once.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks the service at `asked` for its own `/-/healthy`. Where it demands a login or a
/// certificate, its refusal shows that it works; that, and whatever else is of note, goes to
/// stderr.
///
/// # Errors
/// What was asked, and what came back.
pub async fn check_health(asked: HealthAddress) -> anyhow::Result<()> {
    let address = reachable(asked.address);
    let Some(file) = &asked.config_file else { return note(plain(address).await?) };
    let tls = match web_config::load(file) {
        Ok(rules) => rules.tls,
        Err(report) => {
            complain(&format!("{report}\nThe service may go on as before; it will not start again."));
            None
        }
    };
    if tls.is_some() {
        return note(encrypted(address, tls).await?);
    }
    // The service goes on with what it read before, if the file is wrong or without TLS now.
    match plain(address).await {
        Ok(what) => note(what),
        Err(error) => note(encrypted(address, None).await.map_err(|_| error)?),
    }
}

/// What is to be noted of a service that works.
type Note = Option<String>;

fn note(note: Note) -> anyhow::Result<()> {
    if let Some(note) = note {
        complain(&note);
    }
    Ok(())
}

async fn plain(address: SocketAddr) -> anyhow::Result<Note> {
    let url = format!("http://{address}/-/healthy");
    let response = outbound::client(TIMEOUT)
        .build()?
        .get(&url)
        .send()
        .await
        .map_err(|error| outbound::classify(&error))
        .with_context(|| format!("asked {url}; is the service running on that address?"))?;
    judged(&url, response.status())
}

/// Over TLS, by a service that has `tls` in its web config, or something else before.
async fn encrypted(address: SocketAddr, tls: Option<web_config::Tls>) -> anyhow::Result<Note> {
    let url = format!("https://{address}/-/healthy");
    let provider = Arc::new(ring::default_provider());
    // Nothing secret is sent, and the certificate of a service is not for the address by which it asks
    // itself.
    let shown = Arc::new(AnyCertificate::new(&provider));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(shown.clone())
        .with_no_client_auth();
    let asked = outbound::client(TIMEOUT).use_preconfigured_tls(config).build()?.get(&url).send().await;
    let note = match asked.map_err(|error| outbound::classify(&error)) {
        Ok(response) => judged(&url, response.status())?,
        // It has shown its certificate before it refused us: it works.
        Err(Failure::Tls | Failure::Connect) if shown.first().is_some() => {
            Some(format!("{url} demands a certificate of its clients, so it works"))
        }
        Err(failure) => {
            return Err(failure)
                .with_context(|| format!("asked {url}; is the service running on that address?"));
        }
    };
    let is_current = tls.is_none_or(|tls| shown.first() == Some(&tls.certificate));
    let other = "it shows another certificate than the file has: a changed file takes effect with the next \
                 connection, unless something is wrong with it, which its log says";
    Ok(if is_current { note } else { Some(other.to_owned()) })
}

fn judged(url: &str, status: StatusCode) -> anyhow::Result<Note> {
    match status {
        StatusCode::OK => Ok(None),
        StatusCode::UNAUTHORIZED => Ok(Some(format!("{url} demands a login, so it works"))),
        StatusCode::TOO_MANY_REQUESTS => {
            Ok(Some(format!("{url} refused the question because of its rate_limit, so it works")))
        }
        status => bail!("asked {url}: status {status}"),
    }
}

/// A service that listens on every interface, IPv6 or not, is reached on the IPv4 loopback
/// (see [`crate::server::bind`]).
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}
