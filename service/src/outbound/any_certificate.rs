//! Servers whose certificate is not verified.

use std::sync::OnceLock;

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// Accepts whatever certificate a server has, and keeps the first. The server must still prove that
/// it has the key of that certificate.
#[derive(Debug)]
pub struct AnyCertificate {
    first: OnceLock<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyCertificate {
    /// Proofs are verified as `provider` does.
    #[must_use]
    pub fn new(provider: &CryptoProvider) -> Self {
        Self { first: OnceLock::new(), algorithms: provider.signature_verification_algorithms }
    }

    /// The first certificate that was accepted.
    #[must_use]
    pub fn first(&self) -> Option<&CertificateDer<'static>> {
        self.first.get()
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.first.get_or_init(|| certificate.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
