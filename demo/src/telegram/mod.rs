//! A stand-in for the Telegram Bot API over HTTP, for bots under test and for
//! people who want to see them at work. As strict as the real one, stricter on
//! unknown parameters, and able to be in [`Trouble`].
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use headlag_demo::telegram::{Telegram, User};
//! let telegram = Telegram::start("1:token").await?;
//! // … start a bot with telegram.url() and the token …
//! let ada = User::new(1, "Ada").speaking("en");
//! telegram.say(&ada, "/hour");
//! let answer = telegram.wait_for(|state| state.answers(ada.id).last().cloned()).await;
//! # Ok(()) }
//! ```

mod access;
mod api;
pub mod entities;
mod messages;
mod methods;
pub mod objects;
mod params;
mod photo;
mod replies;
pub mod state;
mod store;
mod trouble;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::body::Incoming;
use hyper::{Request, StatusCode};

pub use access::Standing;
pub use objects::{Chat, Message, User};
pub use state::{Press, State};
pub use store::Store;
pub use trouble::Trouble;

use crate::server::{self, Answer, Server};

/// The running stand-in; dropping it ends it.
#[derive(Debug)]
pub struct Telegram {
    server: Server,
    store: Store,
}

impl Telegram {
    /// Starts on a free port of 127.0.0.1 for the bot with this token.
    pub async fn start(token: &str) -> io::Result<Self> {
        let nothing = |_| async { server::answer(StatusCode::NOT_FOUND, "text/plain", "not found") };
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), token, Store::new(), nothing).await
    }

    /// Starts on `address` for the bot with this token. What is not for the Bot
    /// API goes to `front`, which may show the same store.
    pub async fn start_on<H, F>(address: SocketAddr, token: &str, store: Store, front: H) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let (shared, token) = (store.clone(), Arc::<str>::from(token));
        let handle = move |request: Request<Incoming>| {
            let (front, shared, token) = (front.clone(), shared.clone(), token.clone());
            async move {
                if request.uri().path().starts_with("/bot") {
                    api::answer(shared.state, token, request).await
                } else {
                    front(request).await
                }
            }
        };
        let server = Server::start(address, handle).await?;
        Ok(Telegram { server, store })
    }

    /// What a bot takes as the URL of the Bot API.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// From now on every method behaves like this.
    pub fn set_trouble(&self, trouble: Trouble) {
        self.store.set_trouble(trouble);
        self.server.set_open(trouble != Trouble::Gone);
    }
}

impl Deref for Telegram {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Unix time in seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
