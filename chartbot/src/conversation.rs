//! Command -> reply, and the conversations that test it.

use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    access::{Access, Incoming},
    command::{Command, Range, RangeError},
    metrics::Metrics,
    picture::Painter,
    text::Words,
};

/// What goes back to the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Plain text, at most 4,096 characters.
    Text(String),
    /// A PNG with a caption of at most 1,024 characters.
    Photo {
        /// The file.
        png: Bytes,
        /// Plain text.
        caption: String,
    },
}

/// Answers whom it may.
pub struct Conversation {
    access: Access,
    painter: Painter,
    metrics: Metrics,
    words: &'static Words,
}

impl Conversation {
    /// A conversation with those whom `access` lets in, about what `painter` draws.
    #[must_use]
    pub fn new(access: Access, painter: Painter, metrics: Metrics, words: &'static Words) -> Self {
        Self { access, painter, metrics, words }
    }

    /// The answer to a message to the bot whose username is `us`; `None` where there
    /// is to be none.
    pub async fn answer(&self, incoming: &Incoming, us: &str) -> Option<Reply> {
        if let Err(refusal) = self.access.check(incoming, Instant::now()) {
            self.metrics.refused(refusal);
            return None;
        }
        let command = Command::parse(&incoming.text, us);
        let (reply, outcome) = match command {
            Command::Chart { range, ref network } => self.chart(range, network.as_deref()).await,
            Command::Help => said(self.words.help),
            Command::WrongRange(RangeError::NotADuration) => wrong(self.words.not_a_range),
            Command::WrongRange(RangeError::OutOfBounds) => wrong(self.words.out_of_bounds),
            Command::TooMuch => wrong(self.words.too_much),
            Command::Unknown => said(self.words.hint),
        };
        self.metrics.command(command.name(), outcome);
        Some(reply)
    }

    async fn chart(&self, range: Range, network: Option<&str>) -> (Reply, &'static str) {
        let painted = self.painter.paint(range, network, Timestamp::now(), self.words);
        match painted.await {
            Ok(picture) => {
                let (png, caption) = (picture.png, picture.caption);
                (Reply::Photo { png, caption }, "ok")
            }
            Err(trouble) => {
                tracing::warn!(%trouble, seconds = range.seconds(), "no chart could be made");
                (Reply::Text(trouble.sentence(range, self.words)), trouble.outcome())
            }
        }
    }
}

fn said(words: &str) -> (Reply, &'static str) {
    (Reply::Text(words.to_owned()), "ok")
}

fn wrong(words: &str) -> (Reply, &'static str) {
    (Reply::Text(words.to_owned()), "wrong")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::{Sender, User},
        prometheus::Prometheus,
        text::ENGLISH,
    };
    use headlag_service::server::{self, typed};
    use http_body_util::BodyExt;
    use hyper::{Request, StatusCode, body};
    use jiff::tz::TimeZone;
    use reqwest::Url;
    use serde_json::{Value, json};
    use std::{collections::HashMap, future::pending};
    use tokio::net::TcpListener;

    /// What stands where Prometheus should be.
    #[derive(Clone, Copy)]
    enum Server {
        /// A node that is 12 blocks behind, with a corridor of 5.
        Behind,
        Empty,
        Away,
        Silent,
        Says(StatusCode, &'static str),
    }

    /// Everything anybody asks, answered for one watched node.
    fn behind(form: &HashMap<String, String>) -> Value {
        let promql = &form["query"];
        let value = [
            ("count_over_time", "1"),
            ("> bool", "0.5"),
            ("headlag_node_lag_blocks", "12"),
            ("headlag_node_up", "1"),
            ("headlag_best_lead_blocks", "1"),
            ("headlag_threshold_blocks", "5"),
            ("headlag_references", "9"),
            ("headlag_poll_interval_seconds", "15"),
        ];
        let (_, value) = value.iter().find(|(part, _)| promql.contains(part)).unwrap();
        let labels = json!({"network": "polygon", "node": "my-node"});
        let at = |name: &str| form[name].parse::<u64>().unwrap();
        if promql.ends_with("[1h]") {
            let times = (0..240_u64).map(|i| (at("time") - 3_600 + i * 15, value));
            let values: Vec<_> = times.collect();
            json!({"resultType": "matrix", "result": [{"metric": labels, "values": values}]})
        } else if form.contains_key("step") {
            let times = (at("start")..=at("end")).step_by(at("step") as usize);
            let values: Vec<_> = times.map(|time| (time, value)).collect();
            json!({"resultType": "matrix", "result": [{"metric": labels, "values": values}]})
        } else {
            let value = (at("time"), value);
            json!({"resultType": "vector", "result": [{"metric": labels, "value": value}]})
        }
    }

    async fn answer(server: Server, request: Request<body::Incoming>) -> server::Reply {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let url = format!("http://form/?{}", String::from_utf8_lossy(&body));
        let form: HashMap<_, _> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
        let data = match server {
            Server::Behind => behind(&form),
            Server::Empty => json!({"resultType": "vector", "result": []}),
            Server::Says(status, body) => return typed(status, "text/plain", body),
            Server::Away | Server::Silent => return pending().await,
        };
        let body = json!({"status": "success", "data": data}).to_string();
        typed(StatusCode::OK, "application/json", body)
    }

    async fn conversation_with(server: Server) -> Conversation {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        if let Server::Away = server {
            drop(listener);
        } else {
            let answer = move |request| answer(server, request);
            tokio::spawn(server::serve(listener, answer, pending()));
        }
        let painter =
            Painter { prometheus: Prometheus::new(&Url::parse(&url).unwrap()).unwrap(), zone: TimeZone::UTC };
        let access = Access::new(vec![User::Id(42), User::Name("alice".into())]);
        Conversation::new(access, painter, Metrics::default(), &ENGLISH)
    }

    fn from_alice(text: &str) -> Incoming {
        Incoming {
            chat: 7,
            private: true,
            sender: Sender { id: 7, username: Some("Alice".into()), is_bot: false },
            text: text.into(),
        }
    }

    /// What comes back: a text, or the caption of a photo.
    async fn ask(server: Server, incoming: Incoming) -> Option<String> {
        let conversation = conversation_with(server).await;
        match conversation.answer(&incoming, "headlag_bot").await? {
            Reply::Text(text) => Some(text),
            Reply::Photo { png, caption } => {
                assert!(png.starts_with(b"\x89PNG"));
                Some(format!("photo: {caption}"))
            }
        }
    }

    // Time is paused: a deadline is over at once when nobody has anything left to do.

    #[tokio::test(start_paused = true)]
    async fn an_allowed_user_gets_a_chart() {
        for (text, last, half) in [
            ("/hour", "last hour", "30 minutes"),
            ("/day@headlag_bot", "last 24 hours", "12 hours"),
            ("  /WEEK", "last 7 days", "3 days 12 hours"),
        ] {
            let told = ask(Server::Behind, from_alice(text)).await.unwrap();
            let lines: Vec<_> = told.lines().collect();
            assert_eq!(lines[0], "photo: polygon · my-node: 12 blocks behind");
            let range = lines[1].split(',').next().unwrap();
            assert_eq!(range, last);
            assert!(lines[1].ends_with("corridor of 5 blocks either way"), "{told}");
            assert!(lines[2].starts_with("at worst 12 blocks behind ("), "{told}");
            let rest = format!("; {half} outside the corridor; no data missing");
            assert!(lines[2].ends_with(&rest), "{told}");
            assert_eq!(lines[3], "9 of 9 references up, times in UTC");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_allowed_user_gets_help() {
        for text in ["/start", "/help"] {
            let told = ask(Server::Away, from_alice(text)).await.unwrap();
            assert!(told.contains("/hour, /day, /week"), "{told}");
        }
        for text in ["/hourly", "/hour@other_bot", "hello"] {
            assert_eq!(
                ask(Server::Away, from_alice(text)).await.unwrap(),
                "I know /hour, /day, /week and /chart 6h for a chart, and /help."
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn any_range_of_any_network() {
        for (text, last) in [
            ("/chart 6h", "last 6 hours"),
            ("/chart 36h Polygon", "last 36 hours"),
            ("/chart 30d polygon", "last 30 days"),
        ] {
            let told = ask(Server::Behind, from_alice(text)).await.unwrap();
            assert!(told.starts_with("photo: polygon · my-node: 12 blocks behind"), "{told}");
            assert!(told.contains(&format!("\n{last}, corridor")), "{told}");
        }
        for (text, want) in [
            (
                "/chart",
                "Tell how far back, and the network if you like: /chart 90m, /chart 6h, /chart 30d polygon.",
            ),
            (
                "/chart 9m",
                "A chart shows from 10 minutes to 365 days, so anything from /chart 10m to /chart 365d.",
            ),
            ("/chart 6h a b", "One range and one network at most, please: /chart 6h, /chart 30d polygon."),
            ("/chart 6h gnosis", "There is no network named gnosis in this range; there is: polygon."),
        ] {
            assert_eq!(ask(Server::Behind, from_alice(text)).await.as_deref(), Some(want), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_else_gets_a_word() {
        let mut stranger = from_alice("/hour");
        stranger.sender.username = Some("mallory".into());
        let mut bot = from_alice("/hour");
        bot.sender.is_bot = true;
        let mut group = from_alice("/hour");
        group.private = false;
        for incoming in [stranger, bot, group] {
            assert_eq!(ask(Server::Behind, incoming).await, None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_chart_one_sentence_says_why() {
        const AWAY: &str = "Prometheus cannot be reached; check that it runs and that \
            --prometheus.url is right.";
        const SLOW: &str = "Prometheus did not answer in time; try again in a minute or ask for \
            a shorter range.";
        const EMPTY: &str = "Prometheus holds no watched node for the last hour; check that it \
            scrapes headlag-exporter.";
        const OTHER: &str = "What answers at --prometheus.url (status 200) is not a Prometheus; \
            check the address.";
        let says = Server::Says;
        for (server, want) in [
            (Server::Away, AWAY),
            (Server::Silent, SLOW),
            (Server::Empty, EMPTY),
            (says(StatusCode::OK, "<html>"), OTHER),
            (
                says(StatusCode::UNAUTHORIZED, "no"),
                "Prometheus refused the query (status 401); check that headlag may read it.",
            ),
            (
                says(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
                "Prometheus answered with an error (status 503)",
            ),
            (
                says(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    r#"{"status":"error","errorType":"execution","error":"too many samples"}"#,
                ),
                "Prometheus answered with an error (status 422): too many samples",
            ),
        ] {
            assert_eq!(ask(server, from_alice("/hour")).await.as_deref(), Some(want));
        }
    }
}
