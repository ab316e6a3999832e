//! Which certificate of a server is accepted, where the settings of a node say so.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

/// Accepts the certificates of the authorities in a `ca_file`, and those that are in it themselves:
/// `openssl req -x509` makes one certificate that is authority and server at once, which is refused
/// as a server's otherwise.
#[derive(Debug)]
pub struct Listed {
    listed: Arc<[CertificateDer<'static>]>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl Listed {
    /// For the certificates `listed` in the file.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn new(listed: Arc<[CertificateDer<'static>]>, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        listed.iter().try_for_each(|root| roots.add(root.clone()))?;
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let authorities = authorities.map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { listed, authorities })
    }
}

impl ServerCertVerifier for Listed {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.authorities.verify_server_cert(certificate, intermediates, name, ocsp_response, now);
        match verified {
            Err(error) if is_authority(&error) && self.listed.contains(certificate) => {
                // Its dates were verified before that.
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// Whether a certificate was refused as a server's because it is an authority's.
pub fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    cause.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
}
