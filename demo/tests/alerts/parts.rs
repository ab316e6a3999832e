//! Everything that an alert passes through, as processes.

use std::net::SocketAddr;

use headlag_demo::{
    alertmanager,
    config::{self, RULES_FILE},
    exporter,
    process::{Port, Process, beside},
    prometheus,
    routes::Routes,
    rules::hastened,
    telegram::{Chat, Message, Standing, State, Telegram, User},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::{
    anvil::Anvil,
    patience::{PATIENCE, eventually, free_port},
};

const TOKEN: &str = "1:alerts";
const PAST: &str = "2:past-the-bot";
const SECRET: &str = "between Alertmanager and the bot";
/// Five minutes of trouble take five seconds.
const HASTE: u64 = 60;

/// The processes, and the chats that get alerts.
pub struct Parts {
    pub telegram: Telegram,
    /// Where Alertmanager sends what goes past the bot.
    pub past: Telegram,
    /// She may ask the bot, and gets alerts in private.
    pub ada: User,
    /// A forum, of which one topic gets alerts.
    pub forum: Chat,
    pub topic: i64,
    /// A basic group that gets alerts.
    pub group: Chat,
    /// She is a member of the forum; in private she has blocked the bot.
    pub grace: User,
    pub mine: Anvil,
    pub alertmanager: SocketAddr,
    pub chartbot: SocketAddr,
    amtool: alertmanager::Tools,
    bot: Option<Process>,
    prometheus: SocketAddr,
    others: Vec<Process>,
    references: [Anvil; 2],
    folder: TempDir,
}

impl Parts {
    pub async fn start() -> Self {
        let [one, other, mine] =
            [Anvil::start("reference-0"), Anvil::start("reference-1"), Anvil::start("my-node")];
        let (one, other, mine) = tokio::join!(one, other, mine);
        let folder = tempfile::tempdir().unwrap();
        let (exporter, metrics) = start_exporter(&folder, [&one, &other], &mine).await;

        let telegram = Telegram::start(TOKEN).await.unwrap();
        let past = Telegram::start(PAST).await.unwrap();
        let ada = User::new(7, "Ada").named("ada").speaking("en");
        let grace = User::new(8, "Grace").named("grace");
        let forum = Chat::forum(-1_000_000_000_009, "Nodes");
        let group = Chat::group(-10, "Operators");
        for chat in [&Chat::private(&ada), &Chat::private(&grace), &forum, &group] {
            telegram.meet(chat);
        }
        past.meet(&Chat::private(&ada));
        telegram.set_standing(grace.id, Standing::Blocked);
        let topic = telegram.open_topic(&forum, &ada, "Alerts");

        let (ours, bots, theirs) = (free_port(), free_port(), free_port());
        let (alertmanager, chartbot, prometheus) = (ours.address(), bots.address(), theirs.address());
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        let routes = Routes {
            chartbot,
            secret_file: &folder.path().join("secret"),
            telegram: &past.url(),
            token: PAST,
            chat: ada.id,
        };
        let amtool = alertmanager::Tools::find_or_fetch().await.unwrap();
        let router = amtool.start(folder.path(), &routes.alertmanager_yml(), ours).await.unwrap();
        let rules = include_str!("../../../rules/alerts.yml");
        std::fs::write(folder.path().join(RULES_FILE), hastened(rules, "headlag-chain", HASTE)).unwrap();
        let scrape = config::prometheus_yml(metrics, chartbot, alertmanager);
        let scrape = scrape.replace("scrape_interval: 5s\n  scrape_timeout: 4s", "scrape_interval: 1s");
        let tools = prometheus::Tools::find_or_fetch().await.unwrap();
        let server = tools.start(folder.path(), &scrape, theirs).await.unwrap();
        drop(bots);
        let mut parts = Parts {
            telegram,
            past,
            ada,
            forum,
            topic,
            group,
            grace,
            mine,
            alertmanager,
            chartbot,
            amtool,
            bot: None,
            prometheus,
            others: vec![exporter, router, server],
            references: [one, other],
            folder,
        };
        parts.start_bot().await;
        parts
    }

    /// Starts the bot, on the port that Alertmanager knows.
    pub async fn start_bot(&mut self) {
        let free = || async { Port::take(self.chartbot, "the chart bot", "").ok() };
        eventually("the port of the bot is free", free).await.hand_over();
        let Parts { ada, forum, topic, group, grace, .. } = self;
        let chats = format!("{},{}:{topic},{},{}", ada.id, forum.id, group.id, grace.id);
        let mut command = Command::new(beside("headlag-chartbot").unwrap());
        command
            .env("CHARTBOT_TELEGRAM_TOKEN", TOKEN)
            .env("CHARTBOT_TELEGRAM_API_URL", self.telegram.url())
            .env("CHARTBOT_TELEGRAM_ALLOWED_USERS", self.ada.id.to_string())
            .env("CHARTBOT_TELEGRAM_ALERT_CHATS", chats)
            .env("CHARTBOT_ALERTS_SECRET_FILE", self.folder.path().join("secret"))
            .env("CHARTBOT_ALERTMANAGER_URL", format!("http://{}", self.alertmanager))
            .env("CHARTBOT_PROMETHEUS_URL", format!("http://{}", self.prometheus))
            .env("CHARTBOT_WEB_LISTEN_ADDRESS", self.chartbot.to_string());
        let mut bot = Process::start("chartbot", &mut command).unwrap();
        bot.ready(&format!("http://{}/-/ready", self.chartbot), PATIENCE).await.unwrap();
        self.bot = Some(bot);
    }

    /// The watched node goes on, level with the others.
    pub async fn resume(&self) {
        let missing = self.references[0].height().await - self.mine.height().await;
        self.mine.call("anvil_mine", json!([format!("0x{missing:x}")])).await.unwrap();
        self.mine.call("anvil_setIntervalMining", json!([1])).await.unwrap();
    }

    /// Kills the bot as `kill -9` does.
    pub async fn kill_bot(&mut self) {
        self.bot.take().unwrap().kill().await.unwrap();
    }

    pub async fn stop(self) {
        for process in self.bot.into_iter().chain(self.others) {
            process.stop().await.unwrap();
        }
    }

    /// Runs a line as a reader of the documentation does, with this Alertmanager.
    pub async fn shell(&self, line: &str) {
        let line = line.replace("http://127.0.0.1:9093", &format!("http://{}", self.alertmanager));
        let folders = [self.amtool.folder().to_owned(), "/usr/bin".into(), "/bin".into()];
        let path = std::env::join_paths(folders).unwrap();
        let output = Command::new("sh").args(["-c", &line]).env("PATH", path).output().await.unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }

    /// What Alertmanager has at this path of its API.
    pub async fn api(&self, path: &str) -> Value {
        let url = format!("http://{}/api/v2/{path}", self.alertmanager);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// A figure of the bot's own metrics; 0 where it is missing.
    pub async fn figure(&self, series: &str) -> f64 {
        let text =
            reqwest::get(format!("http://{}/metrics", self.chartbot)).await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |figure| figure.parse().unwrap())
    }

    /// Waits until the stand-in has this to show.
    pub async fn seen<T>(&self, what: &str, look: impl FnMut(&State) -> Option<T>) -> T {
        match timeout(PATIENCE, self.telegram.wait_for(look)).await {
            Ok(seen) => seen,
            Err(_) => panic!("not within {PATIENCE:?}: {what}\n{:#?}", self.said()),
        }
    }

    /// What the bot has said, chat by chat.
    fn said(&self) -> Vec<(i64, String)> {
        let state = self.telegram.state();
        let chats = state.chats.keys().flat_map(|chat| state.answers(*chat));
        chats.map(|message| (message.chat.id, message.words().to_owned())).collect()
    }
}

/// What the bot said in a chat with these words in it, oldest first.
pub fn with_words(state: &State, chat: i64, words: &str) -> Vec<Message> {
    state.answers(chat).filter(|message| message.words().contains(words)).cloned().collect()
}

async fn start_exporter(folder: &TempDir, references: [&Anvil; 2], mine: &Anvil) -> (Process, SocketAddr) {
    let [one, other] = references;
    let config = format!(
        "poll_interval: 1s\ntimeout: 500ms\nnetworks:\n- name: polygon\n  protocol: evm\n  chain_id: 137\n  \
         threshold_blocks: 2\n  references:\n  - {{name: reference-0, url: '{}'}}\n  - {{name: reference-1, \
         url: '{}'}}\n  watched:\n  - {{name: my-node, url: '{}'}}\n",
        one.url, other.url, mine.url
    );
    let port = free_port();
    let address = port.address();
    let exporter = exporter::start(folder.path(), &config, port).await.unwrap();
    (exporter, address)
}
