//! Which of a list's nodes can be used.

use std::{collections::HashSet, path::Path, slice, time::Duration};

use headlag_service::yaml::reader::Environment;
use secrecy::ExposeSecret;
use tokio::time::sleep;

use super::{
    candidate::Candidate,
    left_out::{LeftOut, Why},
    yaml,
};
use crate::{
    answer::{Answer, Round},
    config::{self, Endpoint, NetworkName, Role},
    network::Network,
    node::{Dialer, Reach},
    round::{self, Nodes},
    snapshot::{Moment, NodeSnapshot},
    verdict::NodeState,
};

/// Enough that a list of dead nodes takes a minute at most; few enough for any machine and the
/// router in front of it.
const AT_ONCE: usize = 64;

/// So many that the block time of a fast chain is known after the last.
const ROUNDS: u32 = 5;

/// Between the rounds: public nodes often allow one request a second.
const PAUSE: Duration = Duration::from_millis(1100);

/// The defaults suit a chain with a block every 2 s and others near that. On one faster than this,
/// healthy nodes differ by more blocks than their threshold; and it makes so many blocks during the
/// rounds that its block time is known to a fifth.
const FAST: Duration = Duration::from_millis(600);

/// The network that is looked for.
pub struct Search<'e> {
    /// For the config.
    pub network: NetworkName,
    /// Where its nodes have to be.
    pub chain_id: u64,
    /// Where nodes are asked.
    pub reach: Reach,
    /// What fills in the variables of URLs.
    pub environment: Environment<'e>,
    /// All that is left out so far.
    pub left_out: LeftOut,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The fastest first.
    pub usable: Vec<Usable>,
    /// How long the chain takes for a block; absent where it is not a fast one.
    pub block_time: Option<Duration>,
}

/// A node that can be used.
#[derive(Debug)]
pub struct Usable {
    /// As it is in the list.
    pub candidate: Candidate,
    /// How long its quickest answer took.
    pub took: Duration,
}

impl Search<'_> {
    /// Asks `candidates` as the exporter would, and gives those that can be used.
    ///
    /// A first round shows which answer for the chain. Five more ask these at the same instant, so
    /// that their blocks can be compared, over connections that are open by then, as they are in the
    /// exporter. What is said in the last of them counts, and the quickest answer of all.
    ///
    /// # Errors
    /// When nothing can be asked.
    pub async fn ask(&mut self, mut candidates: Vec<Candidate>) -> anyhow::Result<Found> {
        let Some(network) = self.accept(&mut candidates) else { return Ok(Found::default()) };
        round::raise_open_files(slice::from_ref(&network));
        let dialer = Dialer::within(self.reach);
        let mut nodes = Nodes::new(&dialer, &network)?;
        let answers = nodes.ask_at_most(AT_ONCE).await.answers;
        let mut answering =
            self.answering(&candidates, &network.nodes, &answers, &nodes.are_on_their_chain());

        let config_of = |answering: &[(usize, Duration)], block_time| {
            let references = answering.iter().map(|(index, _)| &candidates[*index]);
            self.config_of(references, block_time)
        };
        let Some(network) = config_of(&answering, None) else { return Ok(Found::default()) };
        let kept: Vec<Option<usize>> = answering.iter().map(|(index, _)| Some(*index)).collect();
        nodes.adopt(Nodes::new(&dialer, &network)?, &kept);
        let (round, block_time) = watch(&mut nodes, network, &mut answering).await;

        let Some(mut network) = config_of(&answering, block_time) else { return Ok(Found::default()) };
        // One that answers is better than none.
        network.quorum = 1;
        let (threshold, max_lead) = (network.threshold_blocks, network.max_lead_blocks);
        let snapshot = Network::new(network).fold(Moment::now(), &round);
        let mut usable = Vec::new();
        for ((index, took), node) in answering.into_iter().zip(&snapshot.nodes) {
            let candidate = candidates[index].clone();
            match why_not(node, threshold, max_lead) {
                Some(why) => self.left_out.add(Some(&candidate.name), &why),
                None => usable.push(Usable { candidate, took }),
            }
        }
        usable.sort_by_key(|node| node.took);
        Ok(Found { usable, block_time })
    }

    /// The network of all `candidates` that a config can have; the others are left out. Absent
    /// without any.
    fn accept(&mut self, candidates: &mut Vec<Candidate>) -> Option<config::Network> {
        let mut all: Option<config::Network> = None;
        candidates.retain(|candidate| {
            let Some(one) = self.config_of([candidate], None) else {
                self.left_out.add(Some(&candidate.name), &Why::Unusable);
                return false;
            };
            match &mut all {
                Some(all) => all.nodes.extend(one.nodes),
                None => all = Some(one),
            }
            true
        });
        all
    }

    /// The network of `references` as the exporter reads it from a config, without the watched
    /// node; absent where it does not take them.
    fn config_of<'c>(
        &self,
        references: impl IntoIterator<Item = &'c Candidate>,
        block_time: Option<Duration>,
    ) -> Option<config::Network> {
        let references = references.into_iter().map(|candidate| (candidate, None));
        let text = yaml::write(&self.network, self.chain_id, block_time, references);
        let mut network = config::read(&text, Path::new("."), self.environment).ok()?.networks.pop()?;
        network.nodes.retain(|node| node.role == Role::Reference);
        Some(network)
    }

    /// The index and the time of those that answered for their chain; of one host the best. A
    /// variable may hide that two hosts are the same one.
    fn answering(
        &mut self,
        candidates: &[Candidate],
        endpoints: &[Endpoint],
        answers: &[Answer],
        are_on_their_chain: &[bool],
    ) -> Vec<(usize, Duration)> {
        let mut answering = Vec::new();
        for (index, (answer, is_on_its_chain)) in answers.iter().zip(are_on_their_chain).enumerate() {
            match (answer.head, answer.took) {
                (Ok(_), Some(took)) if *is_on_its_chain => answering.push((index, took)),
                (Ok(_), _) => self.left_out.add(Some(&candidates[index].name), &Why::Unconfirmed),
                (Err(reason), _) => self.left_out.add(Some(&candidates[index].name), &Why::Failed(reason)),
            }
        }
        answering.sort_by_key(|(index, took)| (!candidates[*index].is_https(), *took));
        let (mut hosts, mut urls) = (HashSet::new(), HashSet::new());
        answering.retain(|(index, _)| {
            let is_first =
                hosts.insert(&candidates[*index].name) && urls.insert(endpoints[*index].url.expose_secret());
            if !is_first {
                self.left_out.add(Some(&candidates[*index].name), &Why::SameHost);
            }
            is_first
        });
        answering
    }
}

/// Asks the `nodes` of `network` in several rounds. Gives the last one and, where the chain is fast,
/// its block time; each time in `quickest` becomes that of the node's quickest answer.
async fn watch(
    nodes: &mut Nodes,
    network: config::Network,
    quickest: &mut [(usize, Duration)],
) -> (Round, Option<Duration>) {
    let mut seen = Network::new(network);
    let mut rounds = 0;
    loop {
        let round = nodes.ask().await;
        let block_time = seen.fold(Moment::now(), &round).block_time;
        for ((_, quickest), answer) in quickest.iter_mut().zip(&round.answers) {
            let took = answer.took.filter(|_| answer.head.is_ok());
            *quickest = took.unwrap_or(*quickest).min(*quickest);
        }
        rounds += 1;
        if rounds == ROUNDS {
            return (round, block_time.filter(|time| *time < FAST));
        }
        sleep(PAUSE).await;
    }
}

/// Why a node cannot be used after the round; absent where it can. One that is ahead can, unless
/// it is so far ahead that it is not believed.
fn why_not(node: &NodeSnapshot, threshold: u64, max_lead: u64) -> Option<Why> {
    match (node.failure, node.state) {
        (Some(reason), _) => Some(Why::Failed(reason)),
        (None, NodeState::Behind) => Some(Why::Behind(threshold)),
        (None, NodeState::Unknown) => Some(Why::Split(max_lead)),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::discover::candidate;

    #[tokio::test]
    async fn nodes_in_the_own_network_are_not_asked_for_a_stranger() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let urls = [format!("http://{address}/"), format!("http://localhost:{}/", address.port())];
        let mut left_out = LeftOut::default();
        let candidates = candidate::choose(&urls, &|_| None, &mut left_out);
        let network = NetworkName::new("polygon").unwrap();
        let mut search =
            Search { network, chain_id: 137, reach: Reach::Public, environment: &|_| None, left_out };
        assert!(search.ask(candidates).await.unwrap().usable.is_empty());
        let left_out = search.left_out.to_string();
        assert!(left_out.contains("    2  not asked; not a public address, "), "{left_out}");
        let connected = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(connected.is_err(), "{connected:?}");
    }
}
