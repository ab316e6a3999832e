//! TLS: which certificates are accepted, and the handshake.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use headlag_service::outbound::AnyCertificate;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use rustls_native_certs::load_native_certs;
use tokio_rustls::TlsConnector;

use super::{certificate::Listed, error_reason::reason_of, tcp::Stream};
use crate::{answer::Reason, config::Tls};

/// The TLS settings of all nodes: those with the same have one config, with its roots and its
/// sessions, between them.
#[derive(Debug, Default)]
pub struct Trust {
    usual: OnceLock<Arc<RootCertStore>>,
    configs: Mutex<HashMap<Tls, Weak<ClientConfig>>>,
}

impl Trust {
    /// The config for `tls`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn config(&self, tls: &Tls) -> Result<Arc<ClientConfig>, rustls::Error> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(tls).and_then(Weak::upgrade) {
            return Ok(config);
        }
        let config = Arc::new(self.make(tls)?);
        configs.retain(|_, config| config.strong_count() > 0);
        configs.insert(tls.clone(), Arc::downgrade(&config));
        Ok(config)
    }

    fn make(&self, tls: &Tls) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = match &tls.roots {
            _ if tls.skip_verify => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate::new(&provider)))
            }
            Some(roots) => {
                let listed = Listed::new(roots.clone(), provider)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(listed))
            }
            None => builder.with_root_certificates(self.usual.get_or_init(usual_roots).clone()),
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The certificate authorities that Mozilla trusts, which are built in, and those of this
/// machine, which `SSL_CERT_FILE` and `SSL_CERT_DIR` replace.
fn usual_roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let of_machine = load_native_certs();
    let (added, ignored) = roots.add_parsable_certificates(of_machine.certs);
    tracing::debug!(added, ignored, "certificate authorities of this machine");
    // An image without any is common. What a variable names should be there.
    let is_named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some());
    if is_named && (added == 0 || !of_machine.errors.is_empty()) {
        tracing::warn!(
            added,
            "cannot read all certificates that SSL_CERT_FILE or SSL_CERT_DIR names; check that the files exist \
             and hold PEM"
        );
    }
    Arc::new(roots)
}

/// Speaks TLS over `stream` with a server whose certificate is for `host`.
///
/// # Errors
/// [`Reason::Tls`], or [`Reason::Connect`] where the connection ends.
pub async fn handshake(config: &Arc<ClientConfig>, host: &str, stream: Stream) -> Result<Stream, Reason> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Reason::Tls(None))?;
    let connector = TlsConnector::from(config.clone());
    let stream = connector.connect(name, stream).await;
    Ok(Box::new(stream.map_err(|error| reason_of(&error))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_with_the_same_settings_share_one_config() {
        let trust = Trust::default();
        let ca = || {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            Tls { roots: Some([made.cert.der().clone()].into()), skip_verify: false }
        };
        let (one, other, any) = (ca(), ca(), Tls { roots: None, skip_verify: true });
        let settings = [Tls::default(), one, other, any];
        let configs: Vec<_> = settings.iter().map(|tls| trust.config(tls).unwrap()).collect();
        for (index, tls) in settings.iter().enumerate() {
            let again = trust.config(&tls.clone()).unwrap();
            let same: Vec<_> = configs.iter().map(|config| Arc::ptr_eq(config, &again)).collect();
            assert_eq!(same.iter().filter(|same| **same).count(), 1);
            assert!(same[index]);
        }
        drop(configs);
        trust.config(&Tls::default()).unwrap();
        assert_eq!(trust.configs.lock().unwrap().len(), 1, "settings that no node has are forgotten");
    }
}
