//! What the errors of sockets, TLS and HTTP mean for a node.
//!
//! Nothing of their texts is used, which hold names and addresses.

use std::{error::Error, io};

use headlag_service::outbound::{Failure, causes, classify_cause};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::certificate::is_authority;
use crate::{answer::Reason, cause::Cause};

/// Why there is no answer, by the error of a connection.
pub fn reason_of(error: &(dyn Error + 'static)) -> Reason {
    match classify_cause(error, Failure::Connect) {
        Failure::Connect => Reason::Connect(causes(error).find_map(of_connection)),
        Failure::Tls => Reason::Tls(causes(error).find_map(|error| of_tls(error.downcast_ref()?))),
        other => reason_of_failure(other),
    }
}

/// Why there is no answer, by what became of its body.
pub fn reason_of_failure(failure: Failure) -> Reason {
    match failure {
        Failure::Timeout => Reason::Timeout,
        // Reading it is the only thing that failed.
        Failure::Connect => Reason::Connect(Some(Cause::Closed)),
        Failure::Tls => Reason::Tls(None),
        Failure::TooLarge => Reason::TooLarge,
        Failure::Malformed => Reason::Malformed,
    }
}

fn of_connection(error: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return (error.is_incomplete_message() || error.is_canceled()).then_some(Cause::Closed);
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some(Cause::Refused),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some(Cause::NoRoute),
        // Linux reports EINVAL for a blackhole route, and for a link-local address without its zone.
        io::ErrorKind::InvalidInput => Some(Cause::NoRoute),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Some(Cause::Reset),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Some(Cause::Closed),
        io::ErrorKind::PermissionDenied => Some(Cause::NotPermitted),
        _ => None,
    }
}

fn of_tls(error: &rustls::Error) -> Option<Cause> {
    match error {
        // One that is authority and server at once, as `openssl req -x509` makes it, is signed by itself.
        error if is_authority(error) => Some(Cause::UnknownIssuer),
        rustls::Error::InvalidCertificate(error) => Some(of_certificate(error)),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(Cause::NoTls),
        rustls::Error::PeerIncompatible(_) => Some(Cause::NothingInCommon),
        rustls::Error::AlertReceived(alert) => Some(match alert {
            AlertDescription::CertificateRequired => Cause::ClientCertificate,
            AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
                Cause::NothingInCommon
            }
            _ => Cause::Rejected,
        }),
        _ => None,
    }
}

fn of_certificate(error: &CertificateError) -> Cause {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Cause::NotValidYet,
        // An authority that was made anew has the old name and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Cause::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::OtherName
        }
        _ => Cause::OtherCertificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_reports_of_a_socket_is_connect() {
        // Linux' numbers.
        for (number, cause) in [
            (13, Some(Cause::NotPermitted)),
            (22, Some(Cause::NoRoute)),
            (27, None),
            (32, Some(Cause::Closed)),
            (97, None),
            (101, Some(Cause::NoRoute)),
            (104, Some(Cause::Reset)),
            (111, Some(Cause::Refused)),
            (113, Some(Cause::NoRoute)),
        ] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(reason_of(&error), Reason::Connect(cause), "{error}");
        }
    }
}
