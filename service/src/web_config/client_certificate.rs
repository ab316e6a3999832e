//! Which client certificates are asked for and accepted.

use std::{net::IpAddr, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        VerifierBuilderError, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};

use super::san;

/// `client_auth_type`, as Go's `crypto/tls` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// `NoClientCert`
    None,
    /// `RequestClientCert`: any or none.
    Request,
    /// `RequireAnyClientCert`: any, no matter who signed it.
    RequireAny,
    /// `VerifyClientCertIfGiven`: a verified one, or none.
    VerifyIfGiven,
    /// `RequireAndVerifyClientCert`: a verified one.
    RequireAndVerify,
}

/// All policies by name.
pub const POLICIES: [(&str, Policy); 5] = [
    ("NoClientCert", Policy::None),
    ("RequestClientCert", Policy::Request),
    ("RequireAnyClientCert", Policy::RequireAny),
    ("VerifyClientCertIfGiven", Policy::VerifyIfGiven),
    ("RequireAndVerifyClientCert", Policy::RequireAndVerify),
];

impl Policy {
    /// The policy of this name. The toolkit still takes an older one for `RequireAnyClientCert`.
    pub fn named(name: &str) -> Option<Self> {
        let name = if name == "RequireClientCert" { "RequireAnyClientCert" } else { name };
        POLICIES.into_iter().find(|(known, _)| *known == name).map(|(_, policy)| policy)
    }

    /// Whether certificates are checked against authorities.
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyIfGiven | Self::RequireAndVerify)
    }

    /// Whether a client without a certificate is refused.
    pub fn requires(self) -> bool {
        matches!(self, Self::RequireAny | Self::RequireAndVerify)
    }

    /// What carries the policy out; absent where no certificate is asked for. Certificates are
    /// checked against `authorities`, and against the `names` where there are any.
    ///
    /// # Errors
    /// When there are no authorities to check against.
    pub fn verifier(
        self,
        authorities: RootCertStore,
        names: Vec<String>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, VerifierBuilderError> {
        let verifier: Arc<dyn ClientCertVerifier> = match self {
            Self::None => return Ok(None),
            Self::Request | Self::RequireAny => Arc::new(Unverified {
                algorithms: provider.signature_verification_algorithms,
                is_required: self == Self::RequireAny,
            }),
            Self::VerifyIfGiven | Self::RequireAndVerify => {
                let builder =
                    WebPkiClientVerifier::builder_with_provider(authorities.into(), provider.clone());
                let builder =
                    if self == Self::VerifyIfGiven { builder.allow_unauthenticated() } else { builder };
                builder.build()?
            }
        };
        let names: Vec<_> = names.into_iter().map(canonical).collect();
        Ok(Some(if names.is_empty() { verifier } else { Arc::new(Named { verifier, names }) }))
    }
}

/// An IP address can be written in several ways.
fn canonical(name: String) -> String {
    name.parse::<IpAddr>().map_or(name, |address| address.to_string())
}

/// Takes any certificate whose key the client has.
#[derive(Debug)]
struct Unverified {
    algorithms: WebPkiSupportedAlgorithms,
    is_required: bool,
}

impl ClientCertVerifier for Unverified {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
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

/// Takes what another verifier takes if it has one of the names.
#[derive(Debug)]
struct Named {
    verifier: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl ClientCertVerifier for Named {
    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(certificate, intermediates, now)?;
        if san::names(certificate).iter().any(|name| self.names.contains(name)) {
            Ok(verified)
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
