//! `discover`: from a list of public nodes to a config of those that can be used.

mod candidate;
mod left_out;
mod list;
mod search;
mod source;
mod yaml;

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, bail};
use headlag_service::start;

use self::{
    candidate::Candidate,
    left_out::{LeftOut, Why},
    search::{Found, Search},
    source::Source,
};
use crate::{config::NetworkName, protocol};

/// As `chain_id` in the config: decimal, or `0x` and hexadecimal.
fn chain_number(text: &str) -> Result<u64, &'static str> {
    let number = protocol::quantity(text).or_else(|| protocol::decimal(text));
    number.ok_or("must be a whole number, such as 137 or 0x89")
}

/// What to look for, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct Wanted {
    /// The chain, by its number (EIP-155): 137, or 0x89, for Polygon
    #[arg(long = "chain-id", value_name = "N", value_parser = chain_number)]
    chain_id: u64,
    /// The list of nodes, in chainlist's format: https://chainlist.org/rpcs.json, or a file.
    /// At most 32 MiB; redirects are not followed
    #[arg(long, value_name = "URL-OR-FILE")]
    source: String,
    /// The most references to print. A dozen of different operators make a median that no few
    /// of them can move; each further one is asked in every round, too
    #[arg(long, value_name = "N", default_value = "12", value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
}

/// Asks the nodes of a list and prints a config of those that can be used: they are on the
/// chain, and not behind their median. The exit status is 0 when there is at least one.
///
/// # Errors
/// When there is no list, it lists no such chain, or none of its nodes can be used; with what was
/// tried.
pub async fn discover(wanted: Wanted) -> anyhow::Result<ExitCode> {
    let Wanted { chain_id, source, limit } = wanted;
    let source = Source::new(&source)?;
    let list = async {
        let (text, reach) = source.read().await?;
        anyhow::Ok((list::read(&text, chain_id)?, reach))
    };
    let (list, reach) = list.await.with_context(|| format!("the list {source}"))?;
    let environment = |name: &str| env::var(name).ok();
    let mut left_out = LeftOut::default();
    let candidates = candidate::choose(&list.urls, &environment, &mut left_out);
    announce(&list.name, chain_id, &candidates);
    let asked = candidates.len();
    let mut search = Search { network: list.name, chain_id, reach, environment: &environment, left_out };
    let Found { mut usable, block_time } = search.ask(candidates).await?;

    let (found, limit) = (usable.len(), usize::from(limit));
    for node in usable.drain(limit.min(found)..) {
        search.left_out.add(Some(&node.candidate.name), &Why::Slower(limit));
    }
    let Search { network, left_out, .. } = search;
    if usable.is_empty() {
        bail!("no usable node of chain {chain_id} in the list {source}; asked: {asked}{left_out}");
    }
    let references = usable.iter().map(|node| (&node.candidate, Some(node.took)));
    let text = yaml::write(&network, chain_id, block_time, references);
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("cannot write to stdout")?;
    start::complain(&format!("usable: {found} of {asked} asked; printed: {}{left_out}", usable.len()));
    Ok(ExitCode::SUCCESS)
}

/// What is about to be sent, and where keys go: a list may name any variable and any host.
fn announce(network: &NetworkName, chain_id: u64, candidates: &[Candidate]) {
    start::complain(&format!("asking nodes of {network}, chain {chain_id}: {}", candidates.len()));
    for candidate in candidates {
        for variable in candidate.variables() {
            start::complain(&format!("the value of {variable} goes to {}", candidate.name));
        }
    }
}
