//! The answers to `/alerts` and `/silence`.

use std::sync::Arc;

use super::{
    listing,
    silencer::{Silencer, who},
    silences::{Lasting, Maker},
};
use crate::{
    chat::{
        access::Incoming,
        command::Range,
        message::Message,
        place::Place,
        trouble::{NAMES, Trouble},
    },
    picture::{ASKING, Painter},
    samples::{
        client::{self, Questions},
        survey::{Network, Survey},
    },
    words::{self, Words, silence::reason},
};
use tokio::time::timeout;

/// How far back nodes are looked for.
pub const SEEN_WITHIN: Range = Range::DAY;

/// Answers questions about alerts.
#[derive(Default)]
pub struct Commands {
    silencer: Option<Arc<Silencer>>,
    /// The chats that get alerts.
    chats: Vec<Place>,
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
    pub fn new(silencer: Option<Arc<Silencer>>, chats: Vec<Place>) -> Self {
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
        let chat = incoming.place.chat;
        if self.silencer.is_none() {
            return Some(Message::text(words.silences.none));
        }
        let is_alert_chat = self.chats.iter().any(|place| place.chat == chat);
        (!is_alert_chat).then(|| Message::text((words.silences.not_allowed)(chat)))
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
        let refusal = self.refusal(incoming, words);
        let (Some(silencer), None) = (&self.silencer, &refusal) else {
            return Ok((refusal.unwrap_or_else(|| Message::text(words.silences.none)), "refused"));
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
            Ok(message) => Ok((message, "ok")),
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
