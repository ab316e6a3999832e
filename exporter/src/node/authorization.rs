//! The header `Authorization` of a node whose credentials are in a file.

use std::mem;

use headlag_service::secret_file::SecretError;
use hyper::header::HeaderValue;

use crate::config::{Credentials, CredentialsError, NetworkName, NodeName};

/// The header, and the file that it follows.
#[derive(Debug)]
pub struct Authorization {
    network: NetworkName,
    node: NodeName,
    credentials: Credentials,
    /// From the last usable content of the file.
    header: HeaderValue,
    /// Whether the file could not be used since.
    is_stale: bool,
}

impl Authorization {
    /// For `node` of `network`, which name it in the log.
    ///
    /// # Errors
    /// When the credentials make no header.
    pub fn new(
        network: NetworkName,
        node: NodeName,
        credentials: Credentials,
    ) -> Result<Self, CredentialsError> {
        let header = credentials.header()?;
        Ok(Self { network, node, credentials, header, is_stale: false })
    }

    /// The header as of now: a file that has changed is read again. One that is empty or gone
    /// leaves the last in use.
    pub fn current(&mut self) -> HeaderValue {
        let looked = self.credentials.file.refresh();
        if !matches!(looked, Ok(false)) {
            self.take_in(looked.map(drop));
        }
        self.header.clone()
    }

    /// The header after the file was read again; absent where it is still the same.
    pub fn renewed(&mut self) -> Option<HeaderValue> {
        let before = self.header.clone();
        let read = self.credentials.file.reread();
        self.take_in(read);
        (self.header != before).then(|| self.header.clone())
    }

    fn take_in(&mut self, read: Result<(), SecretError>) {
        let (network, node) = (&self.network, &self.node);
        match read.map_err(Into::into).and_then(|()| self.credentials.header()) {
            Ok(header) => {
                let was_stale = mem::replace(&mut self.is_stale, false);
                if mem::replace(&mut self.header, header) != self.header || was_stale {
                    tracing::info!(%network, %node, "credentials were read again from their file");
                }
            }
            Err(error) => {
                if !mem::replace(&mut self.is_stale, true) {
                    tracing::warn!(
                        %network, %node, %error,
                        "the file of the node's credentials cannot be used; the last ones stay in use"
                    );
                }
            }
        }
    }
}
