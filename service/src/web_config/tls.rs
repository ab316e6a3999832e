//! `tls_server_config`: the certificate, who has to show one, and what is negotiated.

use std::{path::Path, sync::Arc};

use rustls::{
    Error, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{
        CryptoProvider, SupportedKxGroup,
        ring::{self, cipher_suite, kx_group},
    },
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};

use super::{
    client_certificate::{POLICIES, Policy},
    files::Files,
    value::{given, protecting},
};
use crate::yaml::reader::{Field, Reader, Section};

const KEYS: [&str; 13] = [
    "cert",
    "key",
    "client_ca",
    "cert_file",
    "key_file",
    "client_auth_type",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
];

/// How TLS is spoken.
#[derive(Debug, Clone)]
pub struct Tls {
    /// For the handshakes.
    pub server: Arc<ServerConfig>,
    /// What the server shows of itself.
    pub certificate: CertificateDer<'static>,
    /// Whether a client without a certificate is refused.
    pub requires_certificate: bool,
    /// Whether one whose certificate no authority has signed is refused, too.
    pub requires_authority: bool,
    /// Whether one whose certificate has none of some names is refused, too.
    pub requires_name: bool,
}

/// Suites of TLS 1.2 by the names that Go gives them. Those of TLS 1.3 are always on, as in Go.
const SUITES: [(&str, Option<SupportedCipherSuite>); 9] = [
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Some(cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Some(cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        Some(cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Some(cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Some(cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        Some(cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    ),
    ("TLS_AES_128_GCM_SHA256", None),
    ("TLS_AES_256_GCM_SHA384", None),
    ("TLS_CHACHA20_POLY1305_SHA256", None),
];

/// Groups by the names that Go gives them.
fn group(name: &str) -> Option<&'static dyn SupportedKxGroup> {
    match name {
        "X25519" => Some(kx_group::X25519),
        "CurveP256" => Some(kx_group::SECP256R1),
        "CurveP384" => Some(kx_group::SECP384R1),
        _ => None,
    }
}

/// The section at `field`; absent where something is wrong. Relative names of files start at
/// `folder`.
pub fn read<'a>(reader: &mut Reader<'a>, field: &Field<'a>, folder: &Path, files: &mut Files) -> Option<Tls> {
    let section = reader.section(field, &KEYS)?;
    let mut pem = |reader: &mut Reader<'a>, inside: &str, beside: &str| {
        let field = one_of(reader, &section, inside, beside)?;
        let text = reader.verbatim(&field)?;
        if field.path.ends_with(inside) {
            return Some((field, text));
        }
        match files.read(&folder.join(text)) {
            Ok(text) => Some((field, text)),
            Err(error) => reader.wrong(&field, format!("the file it names: {error}")),
        }
    };
    let certificate = pem(reader, "cert", "cert_file").and_then(|(field, pem)| {
        let chain = certificates(reader, &field, &pem)?;
        Some((field, chain))
    });
    let key = pem(reader, "key", "key_file").and_then(|(field, pem)| private_key(reader, &field, &pem));
    for (inside, beside) in [("cert", "cert_file"), ("key", "key_file")] {
        if given(&section, inside).or(given(&section, beside)).is_none() {
            let path = format!("{}.{beside}", field.path);
            reader.problem(section.line, &path, "is missing; name the file, in PEM");
        }
    }
    let authorities = pem(reader, "client_ca", "client_ca_file").and_then(|(field, pem)| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(reader, &field, &pem)?);
        if roots.is_empty() {
            reader.wrong(&field, "holds no certificate of an authority")
        } else {
            Some(roots)
        }
    });
    let policy = read_policy(reader, &section);
    let names = read_names(reader, &section, policy);
    let versions = read_versions(reader, &section);
    let provider = Arc::new(read_provider(reader, &section, &versions));
    let prefers_own = given(&section, "prefer_server_cipher_suites")
        .is_none_or(|field| reader.boolean(&field).unwrap_or(true));

    let ((field, chain), key, policy) = (certificate?, key?, policy?);
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&versions).ok()?;
    let requires_name = !names.is_empty();
    let verifier =
        policy.verifier(authorities.unwrap_or_else(RootCertStore::empty), names, &provider).ok()?;
    let requires_certificate = policy.requires();
    let requires_authority = policy.requires() && policy.verifies();
    let certificate = chain.first()?.clone();
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut server = match builder.with_single_cert(chain, key) {
        Ok(server) => server,
        Err(Error::InconsistentKeys(_)) => {
            return reader.wrong(&field, "does not belong to the key; give the key that it was made for");
        }
        Err(error) => return reader.wrong(&field, format!("cannot be used with its key: {error}")),
    };
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    server.ignore_client_order = prefers_own;
    let server = Arc::new(server);
    Some(Tls { server, certificate, requires_certificate, requires_authority, requires_name })
}

/// The one of two keys that is given; both are a problem.
fn one_of<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    inside: &str,
    beside: &str,
) -> Option<Field<'a>> {
    match (given(section, inside), given(section, beside)) {
        (Some(_), Some(field)) => {
            reader.wrong(&field, format!("is set together with {inside}; keep one of the two"))
        }
        (inside, beside) => inside.or(beside),
    }
}

fn certificates(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    pem: &str,
) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    chain.or_else(|| reader.wrong(field, "holds no certificates in PEM"))
}

fn private_key(reader: &mut Reader<'_>, field: &Field<'_>, pem: &str) -> Option<PrivateKeyDer<'static>> {
    let what = match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
        Ok(key) if ring::sign::any_supported_type(&key).is_ok() => return Some(key),
        // rustls says no more than that it is none of these. The limits of RSA are ring's.
        Ok(_) => {
            "holds a key of a kind that is not supported; supported: ECDSA on P-256 or P-384, Ed25519, RSA of \
             2048 to 4096 bits"
        }
        Err(_) if pem.contains("ENCRYPTED") => {
            "holds an encrypted key; decrypt it first, as with openssl pkey"
        }
        Err(_) => "holds no private key in PEM",
    };
    reader.wrong(field, what)
}

fn read_policy<'a>(reader: &mut Reader<'a>, section: &Section<'a>) -> Option<Policy> {
    let field = given(section, "client_auth_type");
    let policy = match &field {
        None => Policy::None,
        Some(field) => {
            let named = Policy::named(&reader.verbatim(field)?);
            let known = POLICIES.map(|(name, _)| name).join(", ");
            named.or_else(|| reader.wrong(field, format!("must be one of {known}")))?
        }
    };
    let authorities = given(section, "client_ca_file").or(given(section, "client_ca"));
    match (authorities, &field) {
        (None, Some(field)) if policy.verifies() => {
            reader.wrong(field, "needs client_ca_file, to verify the certificates of clients with")
        }
        (Some(authorities), _) if policy == Policy::None => {
            let what = "is without effect; set client_auth_type to RequireAndVerifyClientCert";
            reader.wrong(&authorities, what)
        }
        _ => Some(policy),
    }
}

fn read_names<'a>(reader: &mut Reader<'a>, section: &Section<'a>, policy: Option<Policy>) -> Vec<String> {
    let field = protecting(reader, section, "client_allowed_sans", "at least one, as certificates have it");
    let Some(field) = field else { return Vec::new() };
    if policy.is_some_and(|policy| !policy.requires()) {
        let what = "needs client_auth_type RequireAndVerifyClientCert or RequireAnyClientCert, since \
                    others let clients in without a certificate";
        reader.problem(field.line, &field.path, what);
    }
    let items = reader.list(&field).unwrap_or_default();
    items.iter().filter_map(|item| reader.verbatim(item)).collect()
}

fn read_versions<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
) -> Vec<&'static SupportedProtocolVersion> {
    let mut version = |key, default| match given(section, key) {
        None => default,
        Some(field) => match reader.verbatim(&field).as_deref() {
            Some("TLS12") => 2,
            Some("TLS13") => 3,
            Some(old @ ("TLS10" | "TLS11")) => {
                reader.problem(
                    field.line,
                    &field.path,
                    format!("{old} is not secure and not supported; set TLS12 or TLS13"),
                );
                default
            }
            Some(_) => {
                reader.problem(field.line, &field.path, "must be TLS12 or TLS13");
                default
            }
            None => default,
        },
    };
    let (lowest, highest) = (version("min_version", 2), version("max_version", 3));
    let versions = [(2, &TLS12), (3, &TLS13)];
    let versions: Vec<_> =
        versions.into_iter().filter(|(of, _)| (lowest..=highest).contains(of)).map(|(_, of)| of).collect();
    if versions.is_empty()
        && let Some(field) = section.get("max_version")
    {
        reader.problem(field.line, &field.path, "is below min_version; swap the two");
    }
    versions
}

fn read_provider<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    versions: &[&'static SupportedProtocolVersion],
) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if let Some(field) = given(section, "cipher_suites") {
        let items = reader.list(&field).unwrap_or_default();
        let mut chosen = Vec::new();
        for item in &items {
            let Some(name) = reader.verbatim(item) else { continue };
            match SUITES.iter().find(|(known, _)| *known == name) {
                Some((_, suite)) => chosen.extend(*suite),
                None => {
                    let known = SUITES.map(|(known, _)| known).join(", ");
                    let what = format!("{} is not supported; supported: {known}", shown(&name, "the suite"));
                    reader.problem(item.line, &item.path, what);
                }
            }
        }
        if !items.is_empty() {
            if chosen.is_empty() && !versions.contains(&&TLS13) {
                reader.problem(
                    field.line,
                    &field.path,
                    "holds no suite of TLS 1.2, which max_version demands",
                );
            }
            provider.cipher_suites.retain(|suite| suite.version() == &TLS13);
            provider.cipher_suites.extend(chosen);
        }
    }
    if let Some(field) = given(section, "curve_preferences") {
        let items = reader.list(&field).unwrap_or_default();
        let mut chosen = Vec::new();
        for item in &items {
            let Some(name) = reader.verbatim(item) else { continue };
            match group(&name) {
                Some(group) => chosen.push(group),
                None => {
                    let what = format!(
                        "{} is not supported; supported: X25519, CurveP256, CurveP384",
                        shown(&name, "the curve")
                    );
                    reader.problem(item.line, &item.path, what);
                }
            }
        }
        if !items.is_empty() {
            provider.kx_groups = chosen;
        }
    }
    provider
}

/// A value that looks like the name of a suite or a curve; anything else may be a secret that is
/// in the wrong place.
fn shown<'a>(name: &'a str, otherwise: &'a str) -> &'a str {
    let looks_like_a_name = name.starts_with("TLS_")
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if looks_like_a_name || ["CurveP521", "X25519MLKEM768"].contains(&name) { name } else { otherwise }
}
