//! Where a service listens, and what protects it there.

use std::{
    io,
    net::{self, Ipv4Addr, SocketAddr},
};

use hyper::{Request, StatusCode, body::Incoming};
use tokio::{
    join,
    net::{TcpListener, TcpSocket},
    sync::watch,
};

use super::{connection::Door, run};
use crate::{
    reply::{Reply, plain},
    web_config::Protection,
};

/// The number of connections that may wait to be accepted, as the standard library has it.
const BACKLOG: u32 = 1024;

/// Where a service is to listen.
pub struct Listening {
    /// The addresses to open.
    pub addresses: Vec<SocketAddr>,
    /// Sockets that are open already.
    pub sockets: Vec<net::TcpListener>,
    /// What protects both of them, if anything does.
    pub protection: Option<Protection>,
    /// Addresses for health checks alone, which nothing protects.
    pub probe_addresses: Vec<SocketAddr>,
}

/// Where a service listens.
pub struct Listeners {
    main: Vec<TcpListener>,
    probes: Vec<TcpListener>,
    protection: Option<Protection>,
}

/// Why a service does not listen.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The port is in use, or the address is not one of this machine.
    #[error("cannot listen on {0}: {1}; set another address with {2}")]
    Bind(SocketAddr, io::Error, &'static str),
    /// A socket that systemd passed is of no use.
    #[error("cannot use the socket from systemd: {0}")]
    Socket(io::Error),
}

impl Listening {
    /// Opens all addresses.
    ///
    /// # Errors
    /// The first that cannot be had.
    pub async fn open(self) -> Result<Listeners, OpenError> {
        let mut main = Vec::new();
        for socket in self.sockets {
            socket.set_nonblocking(true).map_err(OpenError::Socket)?;
            main.push(TcpListener::from_std(socket).map_err(OpenError::Socket)?);
        }
        main.extend(bind_all(&self.addresses, "--web.listen-address").await?);
        let probes = bind_all(&self.probe_addresses, "--web.probe-listen-address").await?;
        Ok(Listeners { main, probes, protection: self.protection })
    }
}

async fn bind_all(addresses: &[SocketAddr], flag: &'static str) -> Result<Vec<TcpListener>, OpenError> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(bind(*address).await.map_err(|error| OpenError::Bind(*address, error, flag))?);
    }
    Ok(listeners)
}

impl Listeners {
    /// This one alone, with what protects it, if anything does.
    #[must_use]
    pub fn of(listener: TcpListener, protection: Option<Protection>) -> Self {
        Self { main: vec![listener], probes: Vec::new(), protection }
    }

    /// Where everything is served.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.main.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Where health checks alone are answered.
    #[must_use]
    pub fn probe_addresses(&self) -> Vec<SocketAddr> {
        self.probes.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Answers every request by `handler` until `stop` is ready; then takes no more, and gives
    /// those under way two seconds to end. What is posted to `own_login` needs no login, since
    /// the handler asks for one of its own, and is under no rate limit.
    pub async fn serve<H, F>(
        self,
        handler: H,
        own_login: Option<&'static str>,
        stop: impl Future<Output = ()>,
    ) where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Reply> + Send + 'static,
    {
        let (stopping, _) = watch::channel(false);
        let stopped = || {
            let mut stopping = stopping.subscribe();
            async move {
                // An error would mean that no sender is left, so stop as well.
                let _ = stopping.wait_for(|stop| *stop).await;
            }
        };
        let probes = Door::open({
            let handler = handler.clone();
            move |request: Request<Incoming>| {
                let is_known = is_of_health(request.uri().path());
                let answer = is_known.then(|| handler(request));
                async move {
                    match answer {
                        Some(answer) => Some(answer.await),
                        None => None,
                    }
                    // What a handler suggests instead of an unknown path is not answered here.
                    .filter(|reply| reply.status() != StatusCode::NOT_FOUND)
                    .unwrap_or_else(|| plain(StatusCode::NOT_FOUND, NO_HEALTH_CHECK))
                }
            }
        });
        let main = Door::guarded(handler, self.protection, own_login);
        join!(run(self.main, main, stopped()), run(self.probes, probes, stopped()), async {
            stop.await;
            stopping.send_replace(true);
        });
    }
}

const NO_HEALTH_CHECK: &str = "no such health check; there are /-/healthy and /-/ready, and of the \
                               exporter /health/NETWORK/NODE\n";

/// Whether what is asked for is whether something works.
fn is_of_health(path: &str) -> bool {
    path.starts_with("/health/") || ["/-/healthy", "/-/ready"].contains(&path)
}

/// Listens on `address`. The unspecified IPv6 address takes IPv4, too, whatever the
/// system's default; where the system has no IPv6, it is IPv4 alone.
///
/// # Errors
/// When the address cannot be had.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    if !(address.is_ipv6() && address.ip().is_unspecified()) {
        return TcpListener::bind(address).await;
    }
    match bind_dual_stack(address) {
        Err(error)
            if ![io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied].contains(&error.kind()) =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

fn bind_dual_stack(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v6()?;
    rustix::net::sockopt::set_ipv6_v6only(&socket, false)?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn the_unspecified_ipv6_address_takes_ipv4_too() {
        let listener = bind("[::]:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let hosts = if address.is_ipv6() { &["127.0.0.1", "::1"][..] } else { &["127.0.0.1"] };
        for host in hosts {
            assert!(TcpStream::connect((*host, address.port())).await.is_ok(), "{host}");
        }
        let taken = bind(address).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
