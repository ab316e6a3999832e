//! PURE: a list of public nodes in chainlist's format, a JSON array of
//! `{"name": …, "chainId": …, "rpc": ["https://…" or {"url": "https://…", …}, …]}`, as
//! <https://chainlist.org/rpcs.json> and <https://chainid.network/chains.json> are.

use std::fmt;

use anyhow::{Context, bail};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::{Value, error::Category};

use crate::config::NetworkName;

/// What a list says of one chain.
#[derive(Debug, PartialEq, Eq)]
pub struct Chain {
    /// Made from the name in the list.
    pub name: NetworkName,
    /// Of its nodes, as they are written.
    pub urls: Vec<String>,
}

/// What `text` lists for the chain `id`. What else is in the list may have any form.
///
/// # Errors
/// When it is no such list, or has no such chain.
pub fn read(text: &str, id: u64) -> anyhow::Result<Chain> {
    if text.trim().is_empty() {
        bail!("it is empty");
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_seq(Entries { id }).and_then(|found| json.end().map(|()| found));
    // The text of the error may hold what is in the list.
    let found = read.map_err(|error| match error.classify() {
        Category::Data => anyhow::anyhow!(
            "it is not a list of chains; it has to be a JSON array of {{\"name\", \"chainId\", \"rpc\"}}, such as \
             https://chainlist.org/rpcs.json"
        ),
        Category::Syntax | Category::Eof | Category::Io => {
            anyhow::anyhow!("it is not JSON (line {}, column {})", error.line(), error.column())
        }
    })?;
    match found {
        Found { chains: 0, .. } => bail!("it lists no chains; no entry has a chainId"),
        Found { name: None, chains, .. } => {
            bail!("it has no chain {id} among its {chains}; check --chain-id")
        }
        Found { name: Some(name), urls, .. } => Ok(Chain { name: network_name(&name, id)?, urls }),
    }
}

/// What was found on the way through a list.
#[derive(Default)]
struct Found {
    /// How many chains there are.
    chains: usize,
    /// Of the one that is looked for; empty where it has none.
    name: Option<String>,
    urls: Vec<String>,
}

/// Goes through a list and keeps one entry of it at a time: lists have megabytes.
struct Entries {
    id: u64,
}

impl<'de> Visitor<'de> for Entries {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of chains")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
        let mut found = Found::default();
        while let Some(entry) = entries.next_element::<Value>()? {
            let Some(id) = entry["chainId"].as_u64() else { continue };
            found.chains += 1;
            if id == self.id {
                found.name.get_or_insert_with(|| entry["name"].as_str().unwrap_or_default().to_owned());
                let nodes = entry["rpc"].as_array().into_iter().flatten();
                let urls = nodes.filter_map(|node| node.as_str().or_else(|| node["url"].as_str()));
                found.urls.extend(urls.map(str::to_owned));
            }
        }
        Ok(found)
    }
}

/// `Polygon Mainnet` becomes `polygon-mainnet`; what leaves nothing becomes `chain-137`.
fn network_name(listed: &str, id: u64) -> anyhow::Result<NetworkName> {
    let mut name = String::new();
    for c in listed.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(NetworkName::MAX);
    let name = NetworkName::new(name.trim_end_matches('-'));
    name.or_else(|| NetworkName::new(&format!("chain-{id}"))).context("it has no name for the chain")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_137(text: &str) -> Result<(String, Vec<String>), String> {
        let chain = read(text, 137).map_err(|error| error.to_string())?;
        Ok((chain.name.to_string(), chain.urls))
    }

    #[track_caller]
    fn check(text: &str, name: &str, urls: &[&str]) {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        assert_eq!(read_137(text), Ok((name.to_owned(), urls)), "{text}");
    }

    #[test]
    fn one_chain_is_taken_out_of_a_list() {
        check(
            r#"[ {"name":"Ethereum Mainnet","chainId":1,"rpc":["https://eth.example"]},
                 {"name":"Polygon Mainnet","chain":"POL","chainId":137,"rpc":[
                    {"url":"https://a.example","tracking":"none","isOpenSource":true},
                    "wss://b.example", "https://c.example/${KEY}"], "faucets":[[]]} ]"#,
            "polygon-mainnet",
            &["https://a.example", "wss://b.example", "https://c.example/${KEY}"],
        );
        check(r#"[{"name":"x","chainId":137,"rpc":[]}]"#, "x", &[]);
        check(r#"[{"name":"x","chainId":137}]"#, "x", &[]);
        // What is not as it should be takes nothing else along.
        check(
            r#"[null, 7, "137", {"chainId":"137","rpc":["https://no.example"]}, {"name":7,"chainId":137,
                "rpc":[1,null,{"url":2},{},"https://a.example"]}, {"chainId":137,"rpc":["https://b.example"]}]"#,
            "chain-137",
            &["https://a.example", "https://b.example"],
        );
    }

    #[test]
    fn what_is_no_list_of_the_chain_is_refused_without_showing_it() {
        for (text, want) in [
            ("", "it is empty"),
            ("<html>s3cret</html>", "it is not JSON (line 1, column 1)"),
            (r#"[{"chainId":137}"#, "it is not JSON (line 1, column 16)"),
            (r#"[{"chainId":137}] s3cret"#, "it is not JSON (line 1, column 19)"),
            (r#"[]"#, "it lists no chains; no entry has a chainId"),
            (r#"["https://s3cret.example"]"#, "it lists no chains; no entry has a chainId"),
            (r#"[{"chainId":1},{"chainId":5}]"#, "it has no chain 137 among its 2; check --chain-id"),
        ] {
            assert_eq!(read_137(text), Err(want.to_owned()), "{text}");
        }
        for text in [r#"{"137":["s3cret"]}"#, r#""s3cret""#, "137", "null"] {
            let error = read_137(text).unwrap_err();
            assert!(
                error.starts_with("it is not a list of chains; ") && !error.contains("s3cret"),
                "{error}"
            );
        }
        // Deeper than anything honest.
        assert!(read_137(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_name_of_the_list_becomes_one_of_a_network() {
        for (listed, want) in [
            ("Polygon Mainnet", "polygon-mainnet"),
            ("BNB  Smart Chain (Testnet)", "bnb-smart-chain-testnet"),
            ("  0x ", "0x"),
            ("链", "chain-137"),
            ("a\nb: ${KEY}", "a-b-key"),
            ("The Name Of A Chain That Is Very Long", "the-name-of-a-chain-that-is-very"),
            ("A Name Whose 32 Characters End - there", "a-name-whose-32-characters-end-t"),
            ("A Name Of Which 32 Characters E - there", "a-name-of-which-32-characters-e"),
        ] {
            assert_eq!(network_name(listed, 137).unwrap().as_str(), want, "{listed}");
        }
        assert!(network_name("", u64::MAX).is_ok());
    }
}
