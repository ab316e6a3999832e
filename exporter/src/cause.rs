//! PURE: what lies behind a failure to connect, in words of our own: the errors themselves may hold an
//! address or a name.

/// Why there was no connection, or no TLS over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The resolver knows no address, or cannot be asked.
    NameLookup,
    /// Nothing listens there.
    Refused,
    /// No way to the host or its network.
    NoRoute,
    /// The other side broke the connection off.
    Reset,
    /// It ended before the answer was complete.
    Closed,
    /// A route or a security module of this machine prohibits it.
    NotPermitted,
    /// The address is not a public one, and only those may be asked.
    NotPublic,
    /// The proxy does not answer.
    ProxyAway,
    /// The proxy answers and does not connect.
    ProxyRefused,
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not come, or this machine's clock is slow.
    NotValidYet,
    /// No trusted authority signed the certificate.
    UnknownIssuer,
    /// The certificate is for other names.
    OtherName,
    /// Anything else that is wrong with the certificate.
    OtherCertificate,
    /// What answers does not speak TLS.
    NoTls,
    /// No version, cipher or group that both sides know.
    NothingInCommon,
    /// The server wants a certificate, and headlag has none for nodes.
    ClientCertificate,
    /// The server ended the handshake, for a reason that its alert leaves open: an unknown name, ciphers,
    /// or a client certificate before TLS 1.3.
    Rejected,
}

impl Cause {
    /// Those of [`Reason::Connect`](crate::answer::Reason::Connect).
    pub const OF_CONNECT: &[Self] = &[
        Self::NameLookup,
        Self::Refused,
        Self::NoRoute,
        Self::Reset,
        Self::Closed,
        Self::NotPermitted,
        Self::NotPublic,
        Self::ProxyAway,
        Self::ProxyRefused,
    ];

    /// Those of [`Reason::Tls`](crate::answer::Reason::Tls).
    pub const OF_TLS: &[Self] = &[
        Self::Expired,
        Self::NotValidYet,
        Self::UnknownIssuer,
        Self::OtherName,
        Self::OtherCertificate,
        Self::NoTls,
        Self::NothingInCommon,
        Self::ClientCertificate,
        Self::Rejected,
    ];

    /// In a few words that need no others beside them.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NameLookup => "name lookup failed",
            Self::Refused => "connection refused",
            Self::NoRoute => "no route to host",
            Self::Reset => "connection reset",
            Self::Closed => "connection closed before the answer was complete",
            Self::NotPermitted => "connection not permitted on this machine",
            Self::NotPublic => "not a public address",
            Self::ProxyAway => "proxy cannot be reached",
            Self::ProxyRefused => "no connection through the proxy",
            Self::Expired => "certificate expired",
            Self::NotValidYet => "certificate not valid yet",
            Self::UnknownIssuer => "unknown issuer of the certificate",
            Self::OtherName => "certificate for another name",
            Self::OtherCertificate => "certificate not accepted",
            Self::NoTls => "no TLS on that port",
            Self::NothingInCommon => "no TLS version or cipher in common",
            Self::ClientCertificate => "client certificate required",
            Self::Rejected => "handshake rejected by the server",
        }
    }
}
