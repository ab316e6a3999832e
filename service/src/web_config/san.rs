//! The names in a certificate: its subject alternative names (RFC 5280, 4.2.1.6).
//!
//! rustls checks whether a certificate is for a given host, but does not list its names.

use std::net::IpAddr;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
/// `[3]` of a TBSCertificate.
const EXTENSIONS: u8 = 0xa3;
/// 2.5.29.17
const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// DNS names, e-mail addresses, URIs and IP addresses of a certificate in DER, as texts. None
/// where it has none, or where it cannot be read.
#[must_use]
pub fn names(certificate: &[u8]) -> Vec<String> {
    extension(certificate).map(|names| elements(names).filter_map(name).collect()).unwrap_or_default()
}

/// The elements of the extension with the names.
fn extension(certificate: &[u8]) -> Option<&[u8]> {
    let to_be_signed = first(first(certificate, SEQUENCE)?, SEQUENCE)?;
    let extensions = first(first(to_be_signed, EXTENSIONS)?, SEQUENCE)?;
    let extension = elements(extensions)
        .map(|(_, extension)| extension)
        .find(|extension| first(extension, OBJECT_IDENTIFIER) == Some(&SUBJECT_ALT_NAME))?;
    first(first(extension, OCTET_STRING)?, SEQUENCE)
}

fn name((tag, value): (u8, &[u8])) -> Option<String> {
    match tag {
        EMAIL | DNS | URI => String::from_utf8(value.to_vec()).ok(),
        IP => {
            let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// The value of the first element of `der` with this tag.
fn first(der: &[u8], tag: u8) -> Option<&[u8]> {
    elements(der).find(|(found, _)| *found == tag).map(|(_, value)| value)
}

/// The elements of `der`, up to the first that is none.
fn elements(mut der: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, value, rest) = element(der)?;
        der = rest;
        Some((tag, value))
    })
}

/// The first element of `der` and what follows it. Tags have one byte in certificates.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = der.split_first_chunk()?;
    let (length, rest) = match length {
        ..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    #[test]
    fn all_kinds_of_names_are_listed() {
        let mut params =
            CertificateParams::new(["prometheus.example".to_owned(), "192.0.2.7".to_owned()]).unwrap();
        params.subject_alt_names.extend([
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
            SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example.org/prometheus".try_into().unwrap()),
        ]);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let want = [
            "prometheus.example",
            "192.0.2.7",
            "2001:db8::7",
            "ops@example.org",
            "spiffe://example.org/prometheus",
        ];
        assert_eq!(names(certificate.der()), want);
        // Cut off or broken anywhere, it is read without harm.
        for end in 0..certificate.der().len() {
            let cut = &certificate.der()[..end];
            assert!(names(cut).len() <= want.len());
            let mut broken = certificate.der().to_vec();
            broken[end] = 0xff;
            let _ = names(&broken);
        }
    }

    #[test]
    fn a_certificate_may_have_no_names() {
        let certificate = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert!(names(certificate.der()).is_empty());
        for der in [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"no certificate"] {
            assert!(names(der).is_empty());
        }
    }
}
