//! `outside DIR [ADDRESS]`: only the outside world of headlag, for programs that somebody else
//! installs and starts: the simulated nodes, on which nothing happens but blocks, and the stand-in
//! for Telegram with its chat page, on ADDRESS or a free port of 127.0.0.1. Writes into DIR what an
//! operator would write by hand, and runs until it is killed:
//!
//! | file | what |
//! | --- | --- |
//! | `headlag.yml` | a config with the nodes |
//! | `telegram.json` | `url` (the Bot API and the chat page), `token`, `user` (the id of the one who asks) |

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use headlag_demo::chain::Chain;
use headlag_demo::config::{self, LIVE_INTERVAL};
use headlag_demo::nodes::{Nodes, wall_clock};
use headlag_demo::page::Page;
use headlag_demo::switch::Switch;
use headlag_demo::telegram::{Chat, Store, Telegram, User};
use serde_json::json;

const TOKEN: &str = "7000000001:headlag-outside";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("name the folder to write into: outside DIR [ADDRESS]")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let address: SocketAddr =
        address.parse().with_context(|| format!("{address} is not like 172.17.0.1:8088"))?;
    let nodes = Nodes::start(Chain::calm(1), wall_clock()).await.context("cannot start the nodes")?;
    let nodes = Arc::new(nodes);
    let (user, store) = (User::new(1001, "Ada").speaking("en"), Store::new());
    store.meet(&Chat::private(&user));
    let page =
        Page { telegram: store.clone(), user: user.clone(), nodes: nodes.clone(), prometheus: Switch::new() };
    let front = move |request| page.clone().answer(request);
    let telegram = Telegram::start_on(address, TOKEN, store, front)
        .await
        .with_context(|| format!("cannot start the Telegram stand-in on {address}"))?;
    let config = config::headlag_yml(nodes.urls(), LIVE_INTERVAL);
    let access = json!({ "url": telegram.url(), "token": TOKEN, "user": user.id });
    for (name, text) in [("headlag.yml", config), ("telegram.json", access.to_string())] {
        let file = Path::new(&folder).join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    std::future::pending().await
}
