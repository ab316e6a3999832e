//! From the URLs of a list to the nodes that are worth asking.

use std::collections::{HashMap, HashSet};

use headlag_service::{
    invisible::Invisible,
    yaml::{
        reader::Environment,
        variables::{Gap, fill_in},
    },
};
use reqwest::Url;

use super::left_out::{LeftOut, Why};
use crate::config::NodeName;

/// Longer ones are no addresses.
const LONGEST_URL: usize = 2048;

/// So many nodes at most are asked. No chain has as many; a list that says so must not keep the
/// user waiting for an hour.
const MOST: usize = 512;

/// So many URLs of one host are tried: some hosts have an old one and a new one, or one with a
/// key and one without.
const MOST_OF_A_HOST: usize = 3;

/// A node of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its host, and its port where that is not the usual one. A variable in it is shown by its
    /// own name.
    pub name: NodeName,
    /// As it is written, with each `${VAR}`.
    pub url: String,
    /// Whether a config that has the URL alone gives it the same name.
    pub is_bare: bool,
}

impl Candidate {
    /// The node that is meant by `written`.
    ///
    /// # Errors
    /// Why it cannot be asked, with its name where that is known.
    pub fn read(written: &str, environment: Environment<'_>) -> Result<Self, (Option<NodeName>, Why)> {
        let written = written.trim();
        let is_unclear = |text: &str| text.contains(char::is_whitespace) || Invisible::find(text).is_some();
        if written.len() > LONGEST_URL || is_unclear(written) {
            return Err((None, Why::Unusable));
        }
        let shown = fill_in(written, &|name| Some(name.to_owned())).ok();
        let shown = shown.and_then(|shown| Url::parse(&shown).ok());
        let (url, name) =
            shown.and_then(|url| name_of(&url).map(|name| (url, name))).ok_or((None, Why::Unusable))?;
        match url.scheme() {
            "http" | "https" => {}
            "ws" | "wss" => return Err((Some(name), Why::WebSocket)),
            _ => return Err((Some(name), Why::Unusable)),
        }
        let filled = fill_in(written, environment);
        if let Err(gaps) = &filled {
            let unset = gaps.iter().find_map(|gap| match gap {
                Gap::Unset(variable) => Some(Why::Unset((*variable).to_owned())),
                Gap::Unnamed => None,
            });
            return Err((Some(name), unset.unwrap_or(Why::Unusable)));
        }
        if filled.is_ok_and(|filled| is_unclear(&filled)) {
            return Err((Some(name), Why::Unusable));
        }
        let rest = written.strip_prefix(&format!("{}://{name}", url.scheme()));
        let is_bare =
            rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('/')) && !rest.contains(['@', '$']));
        Ok(Self { name, url: written.to_owned(), is_bare })
    }

    /// Whether nobody on the way can read or change what it answers.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// The variables in its URL, in their order.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let gaps = fill_in(&self.url, &|_| None).err().unwrap_or_default();
        let names = gaps.into_iter().map(|gap| match gap {
            Gap::Unset(name) => Some(name),
            Gap::Unnamed => None,
        });
        names.flatten().collect()
    }
}

/// Those of `urls` that are worth asking; of one host first those with a key of the user's, then
/// those over https.
pub fn choose(urls: &[String], environment: Environment<'_>, left_out: &mut LeftOut) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let mut seen = HashSet::new();
    for url in urls {
        match Candidate::read(url, environment) {
            Ok(candidate) if seen.insert(candidate.url.trim_end_matches('/').to_owned()) => {
                candidates.push(candidate);
            }
            Ok(candidate) => left_out.add(Some(&candidate.name), &Why::SameHost),
            Err((name, why)) => left_out.add(name.as_ref(), &why),
        }
    }
    candidates.sort_by_key(|candidate| (candidate.variables().is_empty(), !candidate.is_https()));
    let mut of_host: HashMap<NodeName, usize> = HashMap::new();
    let mut asked = 0;
    candidates.retain(|Candidate { name, .. }| {
        let before = of_host.entry(name.clone()).or_default();
        let why = if *before == MOST_OF_A_HOST { Some(Why::SameHost) } else { None };
        let why = why.or((asked == MOST).then_some(Why::TooMany(MOST)));
        if let Some(why) = &why {
            left_out.add(Some(name), why);
        } else {
            (*before, asked) = (*before + 1, asked + 1);
        }
        why.is_none()
    });
    candidates
}

/// A name for the node at `url`; absent where it has no host. A port is part of it: two servers
/// on one host are two nodes.
fn name_of(url: &Url) -> Option<NodeName> {
    let host = url.host_str()?;
    let text = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}-{port}"));
    let fit =
        |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c.to_ascii_lowercase() } else { '-' };
    let mut name: String = text.chars().map(fit).collect();
    name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    name.truncate(NodeName::MAX);
    NodeName::new(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("s3cret".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn a_node_is_named_after_its_host_and_never_after_a_key() {
        for (url, name, is_bare) in [
            ("https://a.example", "a.example", true),
            (" https://a.example/v3/x?y=z ", "a.example", true),
            ("http://a.example/", "a.example", true),
            ("https://a.example:443/", "a.example", false),
            ("https://a.example:8545/", "a.example-8545", false),
            ("http://[2001:db8::1]:8545/", "2001-db8--1--8545", false),
            ("HTTPS://A.Example/x", "a.example", false),
            ("https://user:word@a.example/", "a.example", false),
            ("https://a.example/@x", "a.example", false),
            ("https://a.example?x", "a.example", false),
            ("https://a.example./", "a.example", false),
            ("https:a.example", "a.example", false),
            ("https://ключ.example/", "xn--j1ac0b1a.example", false),
            ("https://a.example/${KEY}", "a.example", false),
            ("https://${KEY}.a.example/", "key.a.example", false),
            ("https://${KEY}@a.example/", "a.example", false),
        ] {
            let candidate = Candidate::read(url, &environment).unwrap();
            assert_eq!((candidate.name.as_str(), candidate.is_bare), (name, is_bare), "{url}");
            assert_eq!(candidate.url, url.trim());
        }
    }

    #[test]
    fn what_cannot_be_asked_says_why() {
        let unset = |name: &str| Why::Unset(name.into());
        for (url, name, why) in [
            ("wss://a.example/ws/${OTHER}", Some("a.example"), Why::WebSocket),
            ("ws://a.example:8546", Some("a.example-8546"), Why::WebSocket),
            ("https://a.example/${OTHER}", Some("a.example"), unset("OTHER")),
            ("https://a.example/${KEY}/${EMPTY}", Some("a.example"), unset("EMPTY")),
            ("https://${OTHER}.a.example/", Some("other.a.example"), unset("OTHER")),
            ("ftp://a.example/", Some("a.example"), Why::Unusable),
            ("https://a.example/${KEY", None, Why::Unusable),
            ("${KEY}", None, Why::Unusable),
            ("https://a.example/a b", None, Why::Unusable),
            ("https://a.example/a\nb", None, Why::Unusable),
            ("https://a.example/a\u{202e}b", None, Why::Unusable),
            ("data:text/plain,x", None, Why::Unusable),
            ("a.example", None, Why::Unusable),
            ("", None, Why::Unusable),
            (&format!("https://a.example/{}", "x".repeat(LONGEST_URL)), None, Why::Unusable),
        ] {
            let got = Candidate::read(url, &environment).unwrap_err();
            assert_eq!(got, (name.and_then(NodeName::new), why), "{url}");
        }
    }

    fn chosen(urls: &[String]) -> (Vec<String>, String) {
        let mut left_out = LeftOut::default();
        let candidates = choose(urls, &environment, &mut left_out);
        (candidates.into_iter().map(|candidate| candidate.url).collect(), left_out.to_string())
    }

    #[test]
    fn a_few_urls_of_a_host_are_worth_asking() {
        let urls = [
            "http://a.example/1",
            "https://a.example/2",
            "https://a.example/2/",
            "https://a.example/3",
            "https://a.example/4/${KEY}",
            "https://b.example",
        ];
        let (urls, left_out) = chosen(&urls.map(str::to_owned));
        assert_eq!(
            urls,
            ["https://a.example/4/${KEY}", "https://a.example/2", "https://a.example/3", "https://b.example"]
        );
        assert_eq!(left_out, "\nleft out:\n    2  another URL of the same host: a.example (2)");
    }

    #[test]
    fn a_list_without_an_end_is_cut_off() {
        let urls: Vec<String> = (0..600).map(|number| format!("https://{number}.a.example")).collect();
        let (urls, left_out) = chosen(&urls);
        assert_eq!(urls.len(), MOST);
        assert!(left_out.contains("   88  not asked; only 512 are: 512.a.example, "), "{left_out}");
    }
}
