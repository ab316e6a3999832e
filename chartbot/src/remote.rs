//! A server that headlag asks over HTTP: its address, what is sent with every request, and
//! answers of bounded length.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use headlag_service::outbound::{self, Failure, Renewed};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Client, RequestBuilder, StatusCode, Url,
    header::{ACCEPT_ENCODING, DATE},
};

use crate::{config::HttpConfig, foreign::Secrets};

/// A server at an address that may have a path prefix.
pub struct Remote {
    url: Url,
    timeout: Duration,
    way: ArcSwap<Way>,
    /// Whether the server is on this machine, where compressing costs more than it saves.
    is_here: bool,
    /// How many bytes of an answer are read.
    longest: usize,
}

/// How the server is asked, by the config for it that is in force.
struct Way {
    client: Renewed,
    base: Url,
    secrets: Secrets,
}

impl Way {
    fn new(url: &Url, http: &HttpConfig, timeout: Duration) -> reqwest::Result<Self> {
        let build = {
            let (http, url) = (http.clone(), url.clone());
            move || http.apply(outbound::client(timeout), url.clone()).0
        };
        let client = Renewed::new(build)?;
        let (_, base) = http.apply(outbound::client(timeout), url.clone());
        let secrets = http.secrets(Secrets::default().of_url(&base));
        Ok(Self { client, base, secrets })
    }
}

/// An answer, whatever its status.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// When the server answered, by its own clock, in whole seconds; absent if it did not say so.
    pub at: Option<Timestamp>,
    /// The whole body.
    pub body: Bytes,
    /// What it may echo, and no text may show.
    pub secrets: Secrets,
}

impl Answer {
    /// Whether the status says nothing of which server this is: an overloaded one, or a proxy in front
    /// of it, answers so for a while, often in a form of its own.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.status.is_server_error()
            || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&self.status)
    }
}

impl Remote {
    /// The server at `url`, asked as `http` says. A request may take `timeout`, and its answer
    /// have `longest` bytes.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(url: &Url, http: &HttpConfig, timeout: Duration, longest: usize) -> reqwest::Result<Self> {
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let way = ArcSwap::from_pointee(Way::new(url, http, timeout)?);
        Ok(Self { url: url.clone(), timeout, way, is_here, longest })
    }

    /// Asks as `http` says from now on.
    ///
    /// # Errors
    /// When TLS cannot be set up; then it asks as before.
    pub fn renew(&self, http: &HttpConfig) -> reqwest::Result<()> {
        self.way.store(Arc::new(Way::new(&self.url, http, self.timeout)?));
        Ok(())
    }

    /// The URL of `path`, which begins without a slash, below the server's own path.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> Url {
        let way = self.way.load();
        let mut url = way.base.clone();
        url.set_path(&format!("{}/{path}", way.base.path().trim_end_matches('/')));
        url
    }

    /// Sends a request that changes nothing; it is sent again where a kept-alive connection was
    /// closed.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, request: impl Fn(Client) -> RequestBuilder) -> Result<Answer, Failure> {
        let way = self.way.load_full();
        let send = |client| self.send(&way, request(client));
        way.client.ask(send, |failure: &Failure| Some(*failure)).await
    }

    /// Sends a request that changes something, once.
    ///
    /// # Errors
    /// Why there is no answer; the change may have been made all the same.
    pub async fn act(&self, request: impl FnOnce(Client) -> RequestBuilder) -> Result<Answer, Failure> {
        let way = self.way.load_full();
        self.send(&way, request(way.client.client())).await
    }

    async fn send(&self, way: &Way, mut request: RequestBuilder) -> Result<Answer, Failure> {
        if !self.is_here {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        let response = request.send().await.map_err(|error| outbound::classify(&error))?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let at = date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
        let status = response.status();
        let body = outbound::read_body(response, self.longest).await?;
        Ok(Answer { status, at, body, secrets: way.secrets.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Mutex};

    use headlag_service::server;
    use reqwest::header::AUTHORIZATION;
    use tokio::net::TcpListener;

    use super::*;
    use crate::config;

    #[tokio::test]
    async fn another_login_is_sent_from_then_on_and_hidden_in_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/prefix", listener.local_addr().unwrap())).unwrap();
        let sent: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = sent.clone();
        let answer = move |request: hyper::Request<hyper::body::Incoming>| {
            let login = request.headers().get(AUTHORIZATION).and_then(|login| login.to_str().ok());
            noted.lock().unwrap().push(login.unwrap_or_default().to_owned());
            async { server::plain(StatusCode::OK, "") }
        };
        tokio::spawn(server::serve(listener, answer, pending()));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("http.yml");
        let login = |secret: &str| {
            std::fs::write(&file, format!("authorization: {{credentials: {secret}}}")).unwrap();
            config::load_http(&file).unwrap()
        };
        let remote = Remote::new(&url, &login("first-s3cret"), Duration::from_secs(9), 9).unwrap();
        let ask = async || remote.ask(|client| client.get(remote.endpoint("x"))).await.unwrap();
        ask().await;
        remote.renew(&login("second-s3cret")).unwrap();
        let answer = ask().await;
        assert_eq!(*sent.lock().unwrap(), ["Bearer first-s3cret", "Bearer second-s3cret"]);
        assert_eq!(answer.secrets.passed_on("not second-s3cret"), "not …");
    }
}
