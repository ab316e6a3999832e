//! PURE: which nodes are not in the config, and why: counted by reason, with the names of hosts.

use std::{collections::BTreeMap, fmt};

use crate::{answer::Reason, cause::Cause, config::NodeName};

/// Nobody reads more names in one line.
const MOST_NAMES: usize = 20;

/// Why a node of the list is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its URL cannot be in a config.
    Unusable,
    /// It is asked over a WebSocket.
    WebSocket,
    /// Its URL has this variable, which is unset.
    Unset(String),
    /// Enough others of its host are asked, or another one of it is as good.
    SameHost,
    /// So many others are asked.
    TooMany(usize),
    /// It gave no usable block.
    Failed(Reason),
    /// It gave a block and did not report its chain.
    Unconfirmed,
    /// It is behind the median by more than so many blocks.
    Behind(u64),
    /// There is no median: most nodes are further than so many blocks from each other.
    Split(u64),
    /// So many others are faster.
    Slower(usize),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable => f.write_str("not a usable URL"),
            Self::WebSocket => f.write_str("WebSocket; nodes are asked over HTTP"),
            Self::Unset(variable) => write!(f, "the environment variable {variable} is not set"),
            Self::SameHost => f.write_str("another URL of the same host"),
            Self::TooMany(most) => write!(f, "not asked; only {most} are"),
            Self::Failed(Reason::Connect(Some(Cause::NotPublic))) => f.write_str(
                "not asked; not a public address, and the list is from the Internet: download it and give --source the \
                 file, if these are yours",
            ),
            Self::Failed(Reason::NotSynced(_)) => f.write_str("not synced yet"),
            Self::Failed(reason) => match reason.code() {
                Some(code) => write!(f, "{} {code}", reason.label()),
                None => f.write_str(reason.label()),
            },
            Self::Unconfirmed => f.write_str("does not report its chain"),
            Self::Behind(threshold) => write!(f, "behind the median by more than {threshold} blocks"),
            Self::Split(max_lead) => {
                write!(f, "no median, since most nodes are more than {max_lead} blocks apart")
            }
            Self::Slower(limit) => write!(f, "slower than the fastest {limit} (--limit)"),
        }
    }
}

/// All that are left out.
#[derive(Debug, Default)]
pub struct LeftOut {
    by_reason: BTreeMap<String, Group>,
}

/// Those of one reason.
#[derive(Debug, Default)]
struct Group {
    count: usize,
    /// How many of each host.
    names: BTreeMap<NodeName, usize>,
}

impl LeftOut {
    /// Takes in one that is left out; without a name where its host is not known.
    pub fn add(&mut self, name: Option<&NodeName>, why: &Why) {
        let group = self.by_reason.entry(why.to_string()).or_default();
        group.count += 1;
        if let Some(name) = name {
            *group.names.entry(name.clone()).or_default() += 1;
        }
    }
}

/// Nothing where none is left out; else a heading and a line for each reason.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.by_reason.is_empty() {
            write!(f, "\nleft out:")?;
        }
        for (why, Group { count, names }) in &self.by_reason {
            write!(f, "\n{count:5}  {why}")?;
            for (index, (name, times)) in names.iter().take(MOST_NAMES).enumerate() {
                write!(f, "{}{name}", if index == 0 { ": " } else { ", " })?;
                if *times > 1 {
                    write!(f, " ({times})")?;
                }
            }
            if names.len() > MOST_NAMES {
                write!(f, " and {} more", names.len() - MOST_NAMES)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_with_the_names_of_hosts() {
        let mut left_out = LeftOut::default();
        assert_eq!(left_out.to_string(), "");
        let name = |text: &str| NodeName::new(text);
        for (host, why) in [
            (name("b.example"), Why::Failed(Reason::Timeout)),
            (name("a.example"), Why::Failed(Reason::Timeout)),
            (name("a.example"), Why::Failed(Reason::Timeout)),
            (name("c.example"), Why::Failed(Reason::HttpStatus(403))),
            (name("d.example"), Why::Failed(Reason::NotSynced(Some(-28)))),
            (None, Why::Unusable),
            (None, Why::Unusable),
            (name("e.example"), Why::Unset("KEY".into())),
        ] {
            left_out.add(host.as_ref(), &why);
        }
        for number in 0..22 {
            left_out.add(name(&format!("w{number:02}")).as_ref(), &Why::WebSocket);
        }
        let many = (0..20).map(|number| format!("w{number:02}")).collect::<Vec<_>>().join(", ");
        let want = format!(
            "
left out:
   22  WebSocket; nodes are asked over HTTP: {many} and 2 more
    1  http_status 403: c.example
    2  not a usable URL
    1  not synced yet: d.example
    1  the environment variable KEY is not set: e.example
    3  timeout: a.example (2), b.example"
        );
        assert_eq!(left_out.to_string(), want);
    }
}
