//! How a node is reached, where that is not the same for all.

use std::time::Duration;

use super::{credentials::Credentials, proxy::Proxy, tls::Tls};

/// All that is set for a node beyond its URL and headers; by default nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Access {
    /// For everything asked of it in one round; absent where the network's timeout holds.
    pub timeout: Option<Duration>,
    /// Sent as `Authorization`; absent where that is in the URL, in a header or not needed.
    pub credentials: Option<Credentials>,
    /// Which of its certificates are accepted.
    pub tls: Tls,
    /// The proxy of its network; absent where it is reached directly.
    pub proxy: Option<Proxy>,
}
