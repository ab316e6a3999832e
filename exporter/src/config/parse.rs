//! From the tree to a [`Config`]: networks and what they must fulfil.

use std::{collections::HashMap, fmt, path::Path, time::Duration};

use super::{
    Config, Network, NetworkName, Role,
    endpoint::{self, Draft, Shared},
    protocol::{self, Preset},
    proxy,
    reader::{Environment, Field, Reader, Section},
    report::Problem,
    tree,
};

/// All keys of the file itself.
pub const TOP_KEYS: [&str; 3] = ["poll_interval", "timeout", "networks"];
/// All keys of a network.
pub const NETWORK_KEYS: [&str; 14] = [
    "name",
    "protocol",
    "head",
    "chain",
    "chain_id",
    "poll_interval",
    "timeout",
    "threshold_blocks",
    "stall_after",
    "quorum",
    "max_lead_blocks",
    "proxy_url",
    "references",
    "watched",
];

/// How often nodes are asked.
pub const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// For everything asked of a node in one round.
pub const TIMEOUT: Duration = Duration::from_secs(5);
const SHORTEST: Duration = Duration::from_millis(100);
pub const DAY: Duration = Duration::from_secs(24 * 3600);
/// Enough for the longest interval.
const LONGEST_STALL: Duration = Duration::from_secs(3 * 24 * 3600);
/// A block that was not seen to rise in fewer rounds may just have been asked for too early.
const STALL_INTERVALS: u32 = 3;
/// A count of blocks is exact in a Prometheus sample up to here.
const MOST_BLOCKS: u64 = 1 << 53;

/// Reads a whole file; relative names of secret files start at `folder`.
pub fn parse(text: &str, folder: &Path, environment: Environment<'_>) -> Result<Config, Vec<Problem>> {
    let tree = tree::read(text).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(environment);
    let networks = read_networks(&mut reader, &Field::root(&tree), folder);
    let problems = reader.into_problems();
    if problems.is_empty() { Ok(Config { networks }) } else { Err(problems) }
}

fn read_networks<'a>(reader: &mut Reader<'a>, root: &Field<'a>, folder: &Path) -> Vec<Network> {
    if root.is_null() {
        reader.problem(0, "", "is empty; start from headlag.example.yml, which comes with headlag");
        return Vec::new();
    }
    let Some(top) = reader.section(root, &TOP_KEYS) else { return Vec::new() };
    let poll_interval = Timing::read(reader, &top, "poll_interval", POLL_INTERVAL, DAY);
    let timeout = Timing::read(reader, &top, "timeout", TIMEOUT, DAY);
    check_below(reader, &timeout, &poll_interval);
    let items = top
        .require(reader, "networks", "list at least one network")
        .and_then(|field| filled_list(reader, &field, "list at least one network"))
        .unwrap_or_default();
    let mut first_lines: HashMap<NetworkName, u64> = HashMap::new();
    let mut networks = Vec::new();
    for item in items {
        let Some(section) = reader.section(&item, &NETWORK_KEYS) else { continue };
        let name = read_network_name(reader, &section);
        if let Some(name) = &name {
            if let Some(first) = first_lines.get(name) {
                reader.problem(
                    item.line,
                    &item.path,
                    format!("is named {name} like the one on line {first}; rename one"),
                );
            } else {
                first_lines.insert(name.clone(), item.line);
            }
        }
        networks.extend(read_network(reader, &section, name, &poll_interval, &timeout, folder));
    }
    networks
}

fn read_network<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    name: Option<NetworkName>,
    poll_interval: &Timing,
    timeout: &Timing,
    folder: &Path,
) -> Option<Network> {
    let protocol = protocol::read(reader, section);
    let own_interval = section
        .get("poll_interval")
        .map(|_| Timing::read(reader, section, "poll_interval", POLL_INTERVAL, DAY));
    let own_timeout = section.get("timeout").map(|_| Timing::read(reader, section, "timeout", TIMEOUT, DAY));
    let is_own = own_interval.is_some() || own_timeout.is_some();
    let poll_interval = own_interval.as_ref().unwrap_or(poll_interval);
    let timeout = own_timeout.as_ref().unwrap_or(timeout);
    if is_own {
        check_below(reader, timeout, poll_interval);
    }
    let stall_after = read_stall_after(reader, section, protocol.preset);
    check_stall_after(reader, &stall_after, poll_interval);
    let threshold_blocks = read_threshold_blocks(reader, section, protocol.preset);
    let max_lead_blocks = read_max_lead_blocks(reader, section, protocol.preset, threshold_blocks);
    let chain_id = protocol::read_chain_id(reader, section, protocol.row.as_deref());
    let proxy = section.get("proxy_url").map(|field| proxy::read(reader, &field));
    let shared = Shared { folder, interval: poll_interval, proxy: proxy.flatten() };
    let references = read_nodes(reader, section, Role::Reference, &shared);
    // Counted as written, so that a broken reference does not make the quorum wrong too.
    let written = references.len() as u64;
    let watched = read_nodes(reader, section, Role::Watched, &shared);
    check_unique(reader, references.iter().chain(&watched));
    let quorum = match section.get("quorum") {
        Some(field) => match reader.number(&field, 1..=MOST_BLOCKS) {
            Some(quorum) if quorum > written => {
                reader.wrong(&field, format!("must be at most {written}, the number of references"))
            }
            read => read,
        },
        None => Some(written.min(2)),
    };
    let nodes = watched.into_iter().chain(references).filter_map(|node| node.draft.complete());
    Some(Network {
        name: name?,
        protocol: protocol.row?,
        chain_id: chain_id?,
        poll_interval: poll_interval.value,
        timeout: timeout.value,
        threshold_blocks: threshold_blocks?,
        stall_after: stall_after.value,
        max_lead_blocks: max_lead_blocks?,
        quorum: usize::try_from(quorum?).ok()?,
        nodes: nodes.collect(),
    })
}

/// A node that is level must not be implausible, so it is at least the threshold.
fn read_max_lead_blocks(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    preset: Preset,
    threshold_blocks: Option<u64>,
) -> Option<u64> {
    let least = threshold_blocks.unwrap_or(1);
    let Some(field) = section.get("max_lead_blocks") else {
        return Some(preset.max_lead_blocks().max(least));
    };
    match reader.number(&field, 1..=MOST_BLOCKS) {
        Some(lead) if lead < least => {
            reader.wrong(&field, format!("must be at least threshold_blocks, which is {least}"))
        }
        read => read,
    }
}

/// A duration and the line that set it; a default has the line of its section.
pub struct Timing {
    key: String,
    line: u64,
    /// The default where it is not given or wrong.
    pub value: Duration,
    is_default: bool,
    /// It is given, and its problem is reported already.
    is_wrong: bool,
}

impl Timing {
    /// The duration behind `key` of `section`.
    pub fn read<'a>(
        reader: &mut Reader<'a>,
        section: &Section<'a>,
        key: &str,
        default: Duration,
        longest: Duration,
    ) -> Self {
        let field = section.get(key);
        let read = field.as_ref().and_then(|field| reader.duration(field, SHORTEST..=longest));
        Self {
            key: field.as_ref().map_or_else(|| key.to_owned(), |field| field.path.clone()),
            line: field.as_ref().map_or(section.line, |field| field.line),
            value: read.unwrap_or(default),
            is_default: read.is_none(),
            is_wrong: field.is_some() && read.is_none(),
        }
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.value, if self.is_default { " by default" } else { "" })
    }
}

/// A block can only be called still after several rounds in which it did not rise.
fn check_stall_after(reader: &mut Reader<'_>, stall_after: &Timing, interval: &Timing) {
    let shortest = interval.value * STALL_INTERVALS;
    let is_unreadable = stall_after.is_wrong || interval.is_wrong;
    if is_unreadable || stall_after.value >= shortest || (stall_after.is_default && interval.is_default) {
        return;
    }
    let (line, key, what) = if stall_after.is_default {
        let what = format!(
            "must be at most a third of stall_after ({stall_after}); set stall_after: {shortest:?} or longer, \
             or a shorter poll_interval"
        );
        (interval.line, &interval.key, what)
    } else {
        let what = format!(
            "must be at least three times poll_interval ({interval}); make it {shortest:?} or longer, or \
             poll_interval shorter"
        );
        (stall_after.line, &stall_after.key, what)
    };
    reader.problem(line, key, what);
}

/// Rounds never overlap, so a node must have answered or failed before the next begins.
pub fn check_below(reader: &mut Reader<'_>, timeout: &Timing, interval: &Timing) {
    let is_unreadable = timeout.is_wrong || interval.is_wrong;
    if is_unreadable || timeout.value < interval.value || (timeout.is_default && interval.is_default) {
        return;
    }
    if timeout.is_default {
        let what = format!("must be above timeout ({timeout}); make it longer, or set a shorter timeout");
        reader.problem(interval.line, &interval.key, what);
    } else {
        let what = format!("must be below {} ({interval}); make it shorter", interval.key);
        reader.problem(timeout.line, &timeout.key, what);
    }
}

fn read_network_name<'a>(reader: &mut Reader<'a>, section: &Section<'a>) -> Option<NetworkName> {
    let field = section.require(reader, "name", "name the network, for instance polygon")?;
    let text = reader.text(&field)?;
    NetworkName::new(&text).or_else(|| {
        reader.wrong(
            &field,
            format!(
                "must be at most {} of a-z, 0-9, '_', '.' and '-', and begin with a letter or digit",
                NetworkName::MAX
            ),
        )
    })
}

const NO_DEFAULT: &str =
    "protocol: json has no default for it, since it follows from how often a block is made";

fn read_threshold_blocks<'a>(reader: &mut Reader<'a>, section: &Section<'a>, preset: Preset) -> Option<u64> {
    match (section.get("threshold_blocks"), preset) {
        (Some(field), _) => reader.number(&field, 1..=MOST_BLOCKS),
        (None, Preset::Row(defaults)) => Some(defaults.threshold_blocks),
        (None, Preset::Nowhere) => {
            section.require(reader, "threshold_blocks", NO_DEFAULT);
            None
        }
        (None, Preset::Unknown) => None,
    }
}

fn read_stall_after<'a>(reader: &mut Reader<'a>, section: &Section<'a>, preset: Preset) -> Timing {
    let default = preset.row().map(|defaults| defaults.stall_after);
    let mut timing = Timing::read(reader, section, "stall_after", default.unwrap_or_default(), LONGEST_STALL);
    if timing.is_default && default.is_none() {
        timing.is_wrong = true;
    }
    if matches!(preset, Preset::Nowhere) {
        section.require(reader, "stall_after", NO_DEFAULT);
    }
    timing
}

/// A node and where it is in the file.
struct Placed {
    line: u64,
    path: String,
    draft: Draft,
}

fn read_nodes<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    role: Role,
    shared: &Shared<'_>,
) -> Vec<Placed> {
    let (key, what) = match role {
        Role::Reference => ("references", "list the public nodes to compare with"),
        Role::Watched => ("watched", "list the node to watch, with its name and url"),
    };
    let items = section
        .require(reader, key, what)
        .and_then(|field| filled_list(reader, &field, what))
        .unwrap_or_default();
    let nodes = items.into_iter().map(|item| Placed {
        draft: endpoint::read(reader, &item, role, shared),
        line: item.line,
        path: item.path,
    });
    nodes.collect()
}

fn filled_list<'a>(reader: &mut Reader<'a>, field: &Field<'a>, what: &str) -> Option<Vec<Field<'a>>> {
    let empty = |reader: &mut Reader<'a>| reader.wrong(field, format!("is empty; {what}"));
    if field.is_null() {
        return empty(reader);
    }
    let items = reader.list(field)?;
    if items.is_empty() { empty(reader) } else { Some(items) }
}

/// A node that is listed twice would count twice.
fn check_unique<'n>(reader: &mut Reader<'_>, nodes: impl Iterator<Item = &'n Placed>) {
    let mut names = HashMap::new();
    let mut urls = HashMap::new();
    for Placed { line, path, draft } in nodes {
        if let Some(name) = &draft.name
            && let Some(first) = names.insert(name, line)
        {
            let what = format!("is named {name} like the node on line {first}; give it a name of its own");
            reader.problem(*line, path, what);
        }
        if let Some(url) = &draft.url
            && let Some(first) = urls.insert(url, line)
        {
            let what = format!("has the same url as the node on line {first}; keep one of the two");
            reader.problem(*line, path, what);
        }
    }
}
