//! Requests to others over HTTP: bodies with a limit, connections that do not grow old, and
//! errors that carry no URL.

mod any_certificate;
mod basic_auth;
mod body;
mod client;

use std::{error::Error, io, iter};

pub use self::{
    any_certificate::AnyCertificate,
    basic_auth::{basic_auth, login_of},
    body::{collect, read_body},
    client::{Renewed, client},
};

/// What headlag calls itself to the servers it asks.
pub const USER_AGENT: &str = concat!("headlag/", env!("CARGO_PKG_VERSION"));

/// Why there was no usable answer. Holds nothing of the URL, which may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No complete answer within the time.
    #[error("it did not answer in time")]
    Timeout,
    /// No connection, or it broke before the answer was complete.
    #[error("no connection, or it was closed before the answer was complete")]
    Connect,
    /// The TLS handshake or its certificate failed.
    #[error("the TLS handshake failed; check the host name and its certificate")]
    Tls,
    /// The answer was longer than the caller reads.
    #[error("the answer was too long")]
    TooLarge,
    /// The answer was not HTTP, or not what its headers said.
    #[error("the answer was not valid HTTP")]
    Malformed,
}

/// The kind of a client's error, without the URL that its text carries.
#[must_use]
pub fn classify(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        Failure::Timeout
    } else if error.is_decode() {
        classify_cause(error, Failure::Malformed)
    } else {
        classify_cause(error, Failure::Connect)
    }
}

/// The kind of an error that hyper, rustls or a socket reports, by itself or as the cause of
/// another; `otherwise` where none of them says more.
#[must_use]
pub fn classify_cause(error: &(dyn Error + 'static), mut otherwise: Failure) -> Failure {
    for current in causes(error) {
        if current.is::<rustls::Error>() {
            return Failure::Tls;
        }
        if let Some(error) = current.downcast_ref::<hyper::Error>() {
            if error.is_parse() {
                return Failure::Malformed;
            }
            // A server may reject our certificate after the handshake (TLS 1.3).
            otherwise = Failure::Connect;
        }
        // An error of the system is one of the socket and says nothing of the answer, whatever its kind:
        // EINVAL, with which a connection over a blackhole route fails, is InvalidInput.
        let of_reader = current.downcast_ref::<io::Error>().filter(|error| error.raw_os_error().is_none());
        match of_reader.map(io::Error::kind) {
            // A reader with a limit reports so.
            Some(io::ErrorKind::FileTooLarge) => return Failure::TooLarge,
            // So hyper reports chunks that are none. TLS errors wrapped in it follow.
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => otherwise = Failure::Malformed,
            _ => {}
        }
    }
    otherwise
}

/// `error`, then its cause, the cause of that, and so on.
pub fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&current| {
        // An io::Error shows what it wraps only through get_ref.
        match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_error_of_a_socket_is_one_of_the_connection_whatever_its_kind() {
        let of_system = |number| io::Error::from_raw_os_error(number);
        let (einval, efbig) = (of_system(22), of_system(27));
        assert_eq!(einval.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(efbig.kind(), io::ErrorKind::FileTooLarge);
        for (error, want) in [
            (einval, Failure::Connect),
            (efbig, Failure::Connect),
            (io::Error::other(of_system(22)), Failure::Connect),
            (io::Error::new(io::ErrorKind::InvalidInput, "no chunk"), Failure::Malformed),
            (io::ErrorKind::InvalidData.into(), Failure::Malformed),
            (io::ErrorKind::FileTooLarge.into(), Failure::TooLarge),
            (io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError), Failure::Tls),
        ] {
            assert_eq!(classify_cause(&error, Failure::Connect), want, "{error:?}");
        }
    }

    #[tokio::test]
    async fn an_address_without_its_zone_cannot_be_connected_to() {
        let client = client(Duration::from_secs(5)).build().unwrap();
        let error = client.get("http://[fe80::1]:9/").send().await.unwrap_err();
        assert_eq!(classify(&error), Failure::Connect);
    }
}
