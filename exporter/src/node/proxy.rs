//! The way through a proxy, which looks up the name of the node and connects to it.

use std::{
    future::{Ready, ready},
    io,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use headlag_service::outbound::{self, basic_auth};
use http_body_util::Empty;
use hyper::{
    Method, Request, StatusCode, Uri,
    client::conn::http1,
    header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT},
    http::uri::{Authority, Scheme},
};
use hyper_util::{client::legacy::connect::proxy::SocksV5, rt::TokioIo};
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use tower_service::Service;

use super::{
    allowance::Allowance,
    error_reason::reason_of,
    reach::Reach,
    tcp::{Server, Stream},
    tls::{Trust, handshake},
};
use crate::{
    answer::Reason,
    cause::Cause,
    config::{self, ProxyKind, Tls},
};

/// The proxy is there, and there is no way through it.
pub const REFUSED: Reason = Reason::Connect(Some(Cause::ProxyRefused));

/// A proxy, ready to be used. Its own certificate, if it has one, is verified as usual: what a
/// node's settings say of certificates is said of that node.
#[derive(Debug)]
pub struct Proxy {
    server: Server,
    tls: Option<Arc<ClientConfig>>,
    kind: ProxyKind,
    login: Option<(SecretString, SecretString)>,
}

impl Proxy {
    /// The proxy of the config.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(trust: &Trust, config: &config::Proxy) -> Result<Self, rustls::Error> {
        let is_tls = config.kind == ProxyKind::Https;
        let server = Server { host: config.host.clone(), port: config.port, is_tls };
        let tls = is_tls.then(|| trust.config(&Tls::default())).transpose()?;
        Ok(Self { server, tls, kind: config.kind, login: config.login.clone() })
    }

    /// Connects to `target`.
    ///
    /// An HTTP proxy is asked for a tunnel, to a plain server as well: then it neither reads nor
    /// changes what is sent, and a refusal is its own beyond doubt. Where it refuses, and many
    /// allow tunnels to port 443 alone, a plain server is reached by a [`Relay`].
    ///
    /// # Errors
    /// [`Reason::Connect`] also when the proxy refuses; [`Reason::Tls`] when its own
    /// certificate is not accepted.
    pub async fn reach(
        &self,
        target: &Server,
        allowance: &Allowance,
    ) -> Result<(Stream, Option<Relay>), Reason> {
        let stream = self.connect(allowance).await?;
        if self.kind == ProxyKind::Socks5 {
            return Ok((self.tunnel_by_socks(stream, target).await?, None));
        }
        let refused = match self.tunnel(stream, target).await? {
            Ok(tunnel) => return Ok((tunnel, None)),
            Err(status) => status,
        };
        if target.is_tls || refused == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(REFUSED);
        }
        Ok((self.connect(allowance).await?, Some(Relay { refused, authorization: self.authorization() })))
    }

    async fn connect(&self, allowance: &Allowance) -> Result<Stream, Reason> {
        let stream = self.server.connect(Reach::Any).await;
        let stream = stream.map_err(|_| Reason::Connect(Some(Cause::ProxyAway)))?;
        let stream = Box::new(allowance.over(stream));
        match &self.tls {
            Some(tls) => handshake(tls, &self.server.host, stream).await,
            None => Ok(stream),
        }
    }

    /// RFC 9110, section 9.3.6; the status where it is refused.
    async fn tunnel(&self, stream: Stream, target: &Server) -> Result<Result<Stream, StatusCode>, Reason> {
        let why = |error: hyper::Error| reason_of(&error);
        let authority = authority(target)?;
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = Method::CONNECT;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| Reason::Connect(None))?;
        *request.uri_mut() = Uri::from(authority);
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(outbound::USER_AGENT));
        if let Some(authorization) = self.authorization() {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization);
        }
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(why)?;
        // It ends with its sender or becomes the tunnel.
        tokio::spawn(connection.with_upgrades());
        let response = sender.send_request(request).await.map_err(why)?;
        if !response.status().is_success() {
            return Ok(Err(response.status()));
        }
        let tunnel = hyper::upgrade::on(response).await.map_err(why)?;
        Ok(Ok(Box::new(TokioIo::new(tunnel))))
    }

    async fn tunnel_by_socks(&self, stream: Stream, target: &Server) -> Result<Stream, Reason> {
        // The proxy's own address is not used: the connection to it is there.
        let mut socks = SocksV5::new(Uri::from_static("socks5h://proxy"), Connected(Some(stream)));
        if let Some((user, password)) = &self.login {
            socks = socks.with_auth(user.expose_secret().into(), password.expose_secret().into());
        }
        let tunnel = socks.call(Uri::from(authority(target)?)).await;
        tunnel.map(TokioIo::into_inner).map_err(|_| REFUSED)
    }

    fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.login.as_ref()?;
        let pair = format!("{}:{}", user.expose_secret(), password.expose_secret());
        let mut value = HeaderValue::try_from(basic_auth(pair)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// A connection over which an HTTP proxy passes each request on (RFC 9112, section 3.2.2).
#[derive(Debug)]
pub struct Relay {
    /// How the proxy refused a tunnel to the same server.
    refused: StatusCode,
    authorization: Option<HeaderValue>,
}

impl Relay {
    /// Addresses `request` to the server that its `Host` names.
    pub fn address<B>(&self, request: &mut Request<B>) -> Result<(), Reason> {
        let host = request.headers().get(HOST).ok_or(Reason::Connect(None))?.as_bytes();
        let authority = Authority::try_from(host).map_err(|_| Reason::Connect(None))?;
        let mut parts = request.uri().clone().into_parts();
        (parts.scheme, parts.authority) = (Some(Scheme::HTTP), Some(authority));
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Reason::Connect(None))?;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(())
    }

    /// Whether an answer of this status is the proxy's refusal rather than the server's answer:
    /// nothing in it says which, but the proxy refuses as it refused the tunnel.
    pub fn is_refusal(&self, status: StatusCode) -> bool {
        [self.refused, StatusCode::PROXY_AUTHENTICATION_REQUIRED].contains(&status)
    }
}

/// `host:port`, an IPv6 address in brackets.
fn authority(server: &Server) -> Result<Authority, Reason> {
    let Server { host, port, .. } = server;
    let text = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    text.try_into().map_err(|_| Reason::Connect(None))
}

/// Hands over the connection that is there, wherever one is wanted to.
struct Connected(Option<Stream>);

impl Service<Uri> for Connected {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_asked_for_a_host_and_its_port() {
        for (host, want) in [
            ("node.example", "node.example:80"),
            ("10.0.0.5", "10.0.0.5:80"),
            ("2001:db8::1", "[2001:db8::1]:80"),
        ] {
            let server = Server { host: host.into(), port: 80, is_tls: false };
            assert_eq!(authority(&server).unwrap().as_str(), want);
        }
    }
}
