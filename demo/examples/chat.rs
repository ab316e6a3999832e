//! The stand-in for Telegram as a program of its own, for a bot that is started elsewhere:
//!
//! ```sh
//! cargo run -p headlag-demo --example chat -- 172.17.0.1:8088 TOKEN FOLDER
//! ```
//!
//! Ada, the user with the id 1001, says each line of stdin in private. Each message that the bot sends
//! her is a line of JSON on stdout, `{"text": …, "photo": FILE}`, with its picture in the folder. The end
//! of stdin is the end.

use std::io::{Write, stdin, stdout};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use anyhow::Context;
use headlag_demo::server;
use headlag_demo::telegram::{Chat, Message, Store, Telegram, User};
use hyper::StatusCode;
use serde_json::json;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let mut next =
        |name| arguments.next().with_context(|| format!("{name} is missing: ADDRESS TOKEN FOLDER"));
    let address: SocketAddr = next("ADDRESS")?.parse().context("ADDRESS is not like 172.17.0.1:8088")?;
    let (token, folder) = (next("TOKEN")?, PathBuf::from(next("FOLDER")?));

    let ada = User::new(1001, "Ada").named("ada").speaking("en");
    let store = Store::new();
    store.meet(&Chat::private(&ada));
    let nothing = |_| async { server::answer(StatusCode::NOT_FOUND, "text/plain", "not found") };
    let telegram = Telegram::start_on(address, &token, store.clone(), nothing)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let user = ada.clone();
    thread::spawn(move || {
        for line in stdin().lines().map_while(Result::ok) {
            store.say(&user, &line);
        }
        std::process::exit(0);
    });

    let mut shown = 0;
    loop {
        let look = |state: &headlag_demo::telegram::State| {
            state.answers(ada.id).find(|message| message.message_id > shown).cloned()
        };
        let message = telegram.wait_for(look).await;
        shown = message.message_id;
        show(&telegram, &message, &folder)?;
    }
}

fn show(telegram: &Telegram, message: &Message, folder: &Path) -> anyhow::Result<()> {
    let photo = match telegram.photo(message) {
        None => None,
        Some(picture) => {
            let file = folder.join(format!("{}.picture", message.message_id));
            fs::write(&file, picture).with_context(|| format!("cannot write {}", file.display()))?;
            Some(file)
        }
    };
    let text = message.text.as_ref().or(message.caption.as_ref());
    writeln!(stdout(), "{}", json!({ "text": text, "photo": photo })).context("cannot write to stdout")
}
