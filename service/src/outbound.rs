//! Asking others over HTTP: a bounded body, and errors that carry no URL.

use std::{error::Error, io, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{ClientBuilder, Response, redirect};

/// Why nothing usable came back. Says nothing of the URL, which may hold a secret.
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

/// No request of a client takes longer, whatever else is said of it.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A client builder as every headlag client needs it: redirects are not followed (they
/// would carry secrets elsewhere), the environment's proxy is not used, rustls for TLS.
pub fn client(timeout: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("headlag/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .use_rustls_tls()
        .timeout(timeout)
        .tcp_nodelay(true)
}

/// The whole body, when it has at most `limit` bytes after decompression.
///
/// # Errors
/// [`Failure::TooLarge`] as soon as more than `limit` bytes came, or how reading failed.
pub async fn read_body(mut response: Response, limit: usize) -> Result<Bytes, Failure> {
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(Failure::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The kind of a client's error, without the URL that its text carries.
#[must_use]
pub fn classify(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Timeout;
    }
    let mut otherwise = if error.is_decode() { Failure::Malformed } else { Failure::Connect };
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if current.is::<rustls::Error>() {
            return Failure::Tls;
        }
        if let Some(error) = current.downcast_ref::<hyper::Error>() {
            if error.is_parse() {
                return Failure::Malformed;
            }
            // A server may find fault with our certificate after the handshake (TLS 1.3).
            otherwise = Failure::Connect;
        }
        // An io::Error shows what it wraps only through get_ref.
        let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    otherwise
}
