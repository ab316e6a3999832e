//! The answers to `/alerts` and `/silence`.

use std::sync::Arc;

use tokio::time::timeout;

use super::{
    alert::Alert,
    chats::AlertChats,
    listing,
    silencer::{Silencer, who},
    silences::{Lasting, Maker},
};
use crate::{
    chat::{
        access::Incoming,
        message::Message,
        trouble::{NAMES, Trouble},
    },
    picture::{ASKING, Painter},
    samples::{
        client::{self, Questions},
        survey::{Network, SEEN_WITHIN, Survey},
    },
    words::{self, Words, silence::reason},
};

/// Answers questions about alerts.
#[derive(Default)]
pub struct Commands {
    silencer: Option<Arc<Silencer>>,
    /// The chats that get alerts.
    chats: Arc<AlertChats>,
}

/// What `/silence` asks for.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The node, as the user wrote it.
    pub node: &'a str,
    /// How long.
    pub lasting: Lasting,
    /// The network, as the user wrote it; absent where the bot is to find it.
    pub network: Option<&'a str>,
}

impl Commands {
    /// Silences through `silencer`, if there is one, for users whose private chat is among `chats`.
    #[must_use]
    pub fn new(silencer: Option<Arc<Silencer>>, chats: Arc<AlertChats>) -> Self {
        Self { silencer, chats }
    }

    /// What fires, and what is silenced.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn list(&self, painter: &Painter, words: &Words) -> Result<String, Trouble> {
        listing::ask(self.silencer.as_deref(), painter, words).await
    }

    /// Why a user may not silence anything; absent if they may.
    #[must_use]
    pub fn refusal(&self, incoming: &Incoming, words: &Words) -> Option<Message> {
        self.allowed(incoming, words).err()
    }

    /// What makes silences for a user, or why they may not have any.
    fn allowed(&self, incoming: &Incoming, words: &Words) -> Result<&Silencer, Message> {
        let silencer = self.silencer.as_deref().ok_or_else(|| Message::text(words.silences.none))?;
        let chat = incoming.place.chat;
        match self.chats.contains(chat) {
            true => Ok(silencer),
            false => Err(Message::text((words.silences.not_allowed)(chat))),
        }
    }

    /// Silences a node, and says so; with how it went as a label of a metric.
    ///
    /// # Errors
    /// Why it is not known which nodes there are.
    pub async fn silence(
        &self,
        plan: Plan<'_>,
        incoming: &Incoming,
        painter: &Painter,
        words: &Words,
    ) -> Result<(Message, &'static str), Trouble> {
        let silencer = match self.allowed(incoming, words) {
            Ok(silencer) => silencer,
            Err(refusal) => return Ok((refusal, "refused")),
        };
        let questions = &Questions::new(&painter.prometheus);
        let asked = timeout(ASKING, Survey::ask(questions, SEEN_WITHIN)).await;
        let survey = asked.unwrap_or(Err(client::Error::Timeout))?;
        if survey.networks.is_empty() {
            return Err(Trouble::no_data(questions.warnings()));
        }
        let (network, node) = match find(&survey.networks, plan, words) {
            Ok(found) => found,
            Err(sentence) => return Ok((Message::text(sentence), "wrong")),
        };
        let maker = Maker { who: who(&incoming.sender), place: incoming.place, message: None };
        match silencer.plan((network, node), plan.lasting, &maker, words).await {
            Ok(message) => {
                let of_node = |alert: &Alert| {
                    alert.label("network") == Some(network) && alert.label("node") == Some(node)
                };
                self.chats.silenced(of_node, true);
                Ok((message, "ok"))
            }
            Err(error) => Ok((Message::text(reason(&error, words)), "alertmanager_error")),
        }
    }
}

/// The network and the node that a user means, as they are really called, or a sentence that says
/// why that is not clear.
fn find<'a>(networks: &'a [Network], plan: Plan<'_>, words: &Words) -> Result<(&'a str, &'a str), String> {
    let is_wanted = |name: &str| plan.network.is_none_or(|asked| name.eq_ignore_ascii_case(asked));
    let wanted: Vec<_> = networks.iter().filter(|network| is_wanted(&network.name)).collect();
    let listed = |names: &[String]| words::listed(names, NAMES, words);
    if let (Some(asked), true) = (plan.network, wanted.is_empty()) {
        let known: Vec<_> = networks.iter().map(|network| network.name.clone()).collect();
        return Err((words.no_such_network)(asked, &listed(&known)));
    }
    let found = wanted.iter().filter_map(|network| {
        let node = network.nodes.iter().find(|node| node.eq_ignore_ascii_case(plan.node))?;
        Some((network.name.as_str(), node.as_str()))
    });
    match found.collect::<Vec<_>>().as_slice() {
        [one] => Ok(*one),
        [] => {
            let mut known: Vec<_> = wanted.iter().flat_map(|network| network.nodes.clone()).collect();
            known.sort();
            known.dedup();
            Err((words.silences.no_such_node)(plan.node, &listed(&known)))
        }
        several => {
            let names: Vec<_> = several.iter().map(|(network, _)| (*network).to_owned()).collect();
            Err((words.silences.which_network)(several[0].1, &listed(&names)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use headlag_service::server;
    use hyper::StatusCode;
    use jiff::tz::TimeZone;
    use reqwest::Url;
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;
    use crate::chat::place::Place;
    use crate::{
        alerts::stand::{Fault, Stand},
        chart::Theme,
        chat::{
            access::{Access, Sender, User},
            conversation::Conversation,
            message::Content,
        },
        config::HttpConfig,
        metrics::Metrics,
        samples::{
            client::Prometheus,
            stand::{self, Server},
        },
        words::{ENGLISH, Language},
    };

    async fn prometheus(server: Server) -> Prometheus {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(server::serve(listener, move |request| stand::answer(server, request), pending()));
        Prometheus::new(&url, &HttpConfig::default()).unwrap()
    }

    async fn ask_in(language: Language, stand: Option<&Stand>, server: Server, text: &str) -> Message {
        let metrics = Metrics::default();
        let painter = Painter::new(prometheus(server).await, TimeZone::UTC, Theme::Light, metrics.clone());
        let silencer = stand.map(|stand| Arc::new(Silencer::new(stand.client(), TimeZone::UTC)));
        let commands = Commands::new(silencer, Arc::new(AlertChats::new([Place::chat(42)])));
        let access = Access::new(vec![User::Id(42), User::Id(43)]);
        let conversation = Conversation::new(access, painter, metrics).with_alerts(commands, None);
        let (id, text) = text.split_once(' ').unwrap();
        let id: u64 = id.parse().unwrap();
        let incoming = Incoming {
            place: Place::chat(id as i64),
            private: true,
            sender: Sender { id, username: Some("ada".into()), is_bot: false, language },
            text: text.into(),
        };
        conversation.answer(&incoming, "headlag_bot").await
    }

    fn said(message: &Message) -> String {
        match &message.content {
            Content::Text(text) => text.replace('\u{a0}', " "),
            Content::Photo(photo) => panic!("{}", photo.caption),
        }
    }

    async fn ask(stand: Option<&Stand>, text: &str) -> String {
        said(&ask_in(Language::English, stand, Server::Behind, text).await)
    }

    #[tokio::test(start_paused = true)]
    async fn what_fires_comes_first_the_worst_before_all() {
        let stand = Stand::new().await;
        for (number, name, node) in
            [(1, "Slow", "a"), (2, "Behind", "b"), (3, "Behind", "c"), (4, "Watchdog", "")]
        {
            stand.world().fires(number, name, node);
        }
        {
            let mut world = stand.world();
            world.alerts[0]["labels"]["severity"] = json!("warning");
            world.alerts[0]["annotations"]["summary"] = json!("a is\nslow\u{202e}");
            world.alerts[2]["startsAt"] = json!("2026-11-28T22:00:00Z");
            world.alerts[3]["labels"]["severity"] = json!("none");
        }
        assert_eq!(
            ask(Some(&stand), "43 /alerts").await,
            "🔴 Behind · polygon · c, since 28 Nov, 22:00 UTC\n🔴 Behind · polygon · b, since 22:12 UTC\n\
             🔴 a is slow · polygon, since 22:12 UTC"
        );
        stand.world().alerts.drain(1..);
        ask(Some(&stand), "42 /silence my-node 2h").await;
        stand.world().silences[0]["matchers"][1]["value"] = json!("a");
        ask(Some(&stand), "42 /silence my-node 1h polygon").await;
        let mut foreign = stand.world().silences[0].clone();
        foreign["matchers"] = json!([
            {"name": "node", "value": "x.*", "isRegex": true, "isEqual": true},
            {"name": "severity", "value": "critical", "isRegex": false, "isEqual": false},
        ]);
        (foreign["id"], foreign["createdBy"]) = (json!("foreign"), json!(""));
        stand.world().silences.push(foreign);
        let russian = ask_in(Language::Russian, Some(&stand), Server::Behind, "43 /alerts").await;
        assert_eq!(
            said(&russian),
            "🔕 Уведомления обо всех активных алертах отключены.\n\nУведомления отключены:\n\
             🔕 a is slow · polygon, до 30 ноя, 01:12 UTC (@ada)\n\
             🔕 polygon · my-node: активных алертов нет, до 30 ноя, 00:12 UTC (@ada)\n\
             🔕 node=~x.*, severity!=critical: активных алертов нет, до 30 ноя, 01:12 UTC"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_alertmanager_prometheus_is_asked() {
        let fires = "🔴 Behind · polygon · my-node\n🔴 Slow · polygon · my-node, since 07:30 UTC\n\n\
            Silences are not known.";
        assert_eq!(
            ask(None, "43 /alerts").await,
            format!("{fires} Set --alertmanager.url to show and make silences.")
        );
        let stand = Stand::new().await;
        stand.world().fault = Some(("GET", 0, Fault::Says(StatusCode::NOT_FOUND, "")));
        assert_eq!(
            ask(Some(&stand), "43 /alerts").await,
            format!(
                "{fires} The server at --alertmanager.url is not Alertmanager (status 404); check the address."
            )
        );
        let neither = ask_in(Language::English, Some(&stand), Server::Silent, "43 /alerts").await;
        assert!(said(&neither).starts_with("Prometheus did not answer in time"), "{}", said(&neither));
    }

    #[tokio::test]
    async fn as_many_alerts_as_fit_are_listed() {
        let stand = Stand::new().await;
        (0..300).for_each(|number| stand.world().fires(number, "Behind", &format!("node-{number}")));
        let listed = ask(Some(&stand), "43 /alerts").await;
        assert!(listed.encode_utf16().count() <= 4_096);
        let shown = listed.lines().count() - 1;
        assert!(listed.ends_with(&format!("\nand {} more", 300 - shown)), "{listed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_is_silenced_before_planned_work() {
        let stand = Stand::new().await;
        let answer = ask_in(Language::English, Some(&stand), Server::Behind, "42 /silence My-Node 2h").await;
        assert_eq!(said(&answer), "🔕 Silenced until 30 Nov, 01:12 UTC by @ada: polygon · my-node");
        let made = stand.world().silences[0].clone();
        assert_eq!(
            made["matchers"],
            json!([
                {"name": "network", "value": "polygon", "isRegex": false, "isEqual": true},
                {"name": "node", "value": "my-node", "isRegex": false, "isEqual": true},
            ])
        );
        let id = made["id"].as_str().unwrap();
        assert_eq!(answer.buttons.concat()[0].data, format!("alert undo {id}"));
        // Once is enough.
        assert_eq!(
            ask(Some(&stand), "42 /silence 1h my-node").await,
            "Already silenced until 30 Nov, 01:12 UTC: polygon · my-node"
        );
        assert_eq!(stand.world().active().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn why_a_node_is_not_silenced() {
        let stand = Stand::new().await;
        let words = ENGLISH.silences;
        for (text, want) in [
            ("42 /silence", words.how.to_owned()),
            ("42 /silence my-node 31d", words.how.to_owned()),
            ("42 /silence other 2h", "There is no node named other; known nodes: my-node.".to_owned()),
            (
                "42 /silence my-node 2h gnosis",
                "There is no network named gnosis in this range; known networks: polygon.".to_owned(),
            ),
            (
                "43 /silence my-node 2h",
                "Only users whose private chat gets alerts may use /silence; to allow it here, add 43 to \
                 --telegram.alert-chats."
                    .to_owned(),
            ),
        ] {
            assert_eq!(ask(Some(&stand), text).await, want, "{text}");
        }
        assert_eq!(ask(None, "42 /silence my-node 2h").await, words.none);
        assert_eq!(ask(None, "42 /silence").await, words.none);
        stand.world().fault = Some(("POST", 0, Fault::Silent));
        assert_eq!(ask(Some(&stand), "42 /silence my-node 2h").await, words.timeout);
        assert!(stand.world().silences.is_empty());
    }

    #[test]
    fn a_node_in_several_networks_needs_one() {
        let network = |name: &str, nodes: &[&str]| Network::named(name, nodes);
        let networks = [network("a", &["mine"]), network("b", &["mine", "other"])];
        let lasting = Lasting::OFFERED[0];
        for (node, asked, want) in [
            ("other", None, Ok(("b", "other"))),
            ("MINE", Some("B"), Ok(("b", "mine"))),
            (
                "mine",
                None,
                Err("mine is in several networks: a, b. Add one: /silence mine 2h NETWORK.".to_owned()),
            ),
            ("other", Some("a"), Err("There is no node named other; known nodes: mine.".to_owned())),
        ] {
            let found = find(&networks, Plan { node, lasting, network: asked }, &ENGLISH);
            assert_eq!(found, want, "{node}");
        }
    }
}
