//! A connection to a node: directly or through a proxy, plain or over TLS.

use std::sync::Arc;

use rustls::ClientConfig;

use super::{
    allowance::Allowance,
    proxy::{Proxy, Relay},
    reach::Reach,
    tcp::{Server, Stream},
    tls::{Trust, handshake},
};
use crate::{answer::Reason, config::Access};

/// Opens connections; shared by all nodes.
#[derive(Debug, Clone, Default)]
pub struct Dialer {
    trust: Arc<Trust>,
    reach: Reach,
}

impl Dialer {
    /// To nodes within `reach`.
    pub fn within(reach: Reach) -> Self {
        Self { reach, ..Self::default() }
    }

    /// The way to `server` that `access` describes.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn route(&self, server: Server, access: &Access) -> Result<Route, rustls::Error> {
        let tls = server.is_tls.then(|| self.trust.config(&access.tls)).transpose()?;
        let proxy = access.proxy.as_ref().map(|proxy| Proxy::new(&self.trust, proxy)).transpose()?;
        Ok(Route { server, reach: self.reach, tls, proxy })
    }
}

/// The way to one server.
#[derive(Debug)]
pub struct Route {
    server: Server,
    reach: Reach,
    tls: Option<Arc<ClientConfig>>,
    proxy: Option<Proxy>,
}

/// An open connection.
pub struct Dialed {
    /// What requests are sent through.
    pub stream: Stream,
    /// How they are sent where a proxy passes them on one by one; else absent.
    pub relay: Option<Relay>,
    /// What may still be read from it.
    pub allowance: Allowance,
}

impl Route {
    /// Connects.
    ///
    /// # Errors
    /// How that failed. It takes as long as it takes.
    pub async fn dial(&self) -> Result<Dialed, Reason> {
        let allowance = Allowance::new();
        let (mut stream, relay): (Stream, _) = match &self.proxy {
            Some(proxy) => proxy.reach(&self.server, &allowance).await?,
            None => (Box::new(allowance.over(self.server.connect(self.reach).await?)), None),
        };
        if let Some(tls) = &self.tls {
            stream = handshake(tls, &self.server.host, stream).await?;
        }
        Ok(Dialed { stream, relay, allowance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    use crate::{cause::Cause, config::Tls};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    use reqwest::Url;
    use rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    /// A certificate for localhost that signs itself; of an authority, it is as
    /// `openssl req -x509` makes it.
    fn self_signed(
        is_authority: bool,
        years: Range<i32>,
    ) -> (Issuer<'static, KeyPair>, CertificateDer<'static>) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.start, 1, 1);
        params.not_after = date_time_ymd(years.end, 1, 1);
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        (Issuer::new(params, key), certificate)
    }

    /// The URL of a server that greets over TLS with this certificate.
    async fn greeter(key: &KeyPair, certificate: &CertificateDer<'static>) -> Url {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.write_all(b"hello").await;
                }
            }
        });
        Url::parse(&format!("https://localhost:{port}/")).unwrap()
    }

    async fn greeting(dialer: &Dialer, url: &Url, tls: Tls) -> Result<String, Reason> {
        let access = Access { tls, ..Access::default() };
        let route = dialer.route(Server::of(url).unwrap(), &access).unwrap();
        let mut greeting = String::new();
        route.dial().await?.stream.take(5).read_to_string(&mut greeting).await.unwrap();
        Ok(greeting)
    }

    #[tokio::test]
    async fn only_a_trusted_certificate_of_that_name_is_accepted_unless_any_is() {
        let (key, plain) = self_signed(false, 2000..4000);
        let (authority, root) = self_signed(true, 2000..4000);
        let (past_authority, past) = self_signed(true, 2000..2020);
        let (future_authority, future) = self_signed(true, 3000..4000);
        let own_key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let issued = params.signed_by(&own_key, &authority).unwrap().der().clone();
        let at_plain = greeter(key.key(), &plain).await;
        let at_root = greeter(authority.key(), &root).await;
        let at_past = greeter(past_authority.key(), &past).await;
        let at_future = greeter(future_authority.key(), &future).await;
        let at_issued = greeter(&own_key, &issued).await;
        let mut other_name = at_root.clone();
        other_name.set_host(Some("127.0.0.1")).unwrap();
        let trusting =
            |root: &CertificateDer<'static>| Tls { roots: Some([root.clone()].into()), skip_verify: false };
        let careless = Tls { roots: None, skip_verify: true };
        let dialer = Dialer::default();
        for (url, tls, want) in [
            (&at_plain, Tls::default(), Err(Cause::UnknownIssuer)),
            (&at_plain, trusting(&plain), Ok("hello")),
            (&at_plain, trusting(&root), Err(Cause::UnknownIssuer)),
            (&at_issued, trusting(&root), Ok("hello")),
            (&at_issued, trusting(&plain), Err(Cause::UnknownIssuer)),
            (&at_root, trusting(&root), Ok("hello")),
            (&at_root, trusting(&plain), Err(Cause::UnknownIssuer)),
            (&other_name, trusting(&root), Err(Cause::OtherName)),
            (&other_name, careless.clone(), Ok("hello")),
            (&at_past, trusting(&past), Err(Cause::Expired)),
            (&at_future, trusting(&future), Err(Cause::NotValidYet)),
            (&at_past, careless, Ok("hello")),
        ] {
            let greeting = greeting(&dialer, url, tls.clone()).await;
            let want = want.map(str::to_owned).map_err(|cause| Reason::Tls(Some(cause)));
            assert_eq!(greeting, want, "{url} {tls:?}");
        }
    }

    /// The URL of a server that reads once, then says this and hangs up.
    async fn says(what: &'static [u8]) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 16_384]).await;
                let _ = stream.write_all(what).await;
            }
        });
        Url::parse(&format!("https://localhost:{port}/")).unwrap()
    }

    #[tokio::test]
    async fn what_failed_before_any_certificate_has_its_cause() {
        // RFC 8446, section 6: fatal, of this description.
        const WANTS_A_CERTIFICATE: &[u8] = &[21, 3, 3, 0, 2, 2, 116];
        const OTHER_VERSION: &[u8] = &[21, 3, 3, 0, 2, 2, 70];
        const NO_SUCH_NAME: &[u8] = &[21, 3, 3, 0, 2, 2, 112];
        const HANDSHAKE_FAILURE: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
        for (said, want) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Reason::Tls(Some(Cause::NoTls))),
            (WANTS_A_CERTIFICATE, Reason::Tls(Some(Cause::ClientCertificate))),
            (OTHER_VERSION, Reason::Tls(Some(Cause::NothingInCommon))),
            (NO_SUCH_NAME, Reason::Tls(Some(Cause::Rejected))),
            (HANDSHAKE_FAILURE, Reason::Tls(Some(Cause::Rejected))),
            (b"", Reason::Connect(Some(Cause::Closed))),
        ] {
            let greeting = greeting(&Dialer::default(), &says(said).await, Tls::default()).await;
            assert_eq!(greeting, Err(want), "{said:?}");
        }
    }
}
