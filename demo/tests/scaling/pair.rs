//! Two exporters, two Prometheus servers and a cluster of two Alertmanagers: one alert, one message,
//! one silence.

use std::{net::SocketAddr, path::Path};

use headlag_demo::{
    alertmanager,
    chain::{Lever, Node},
    process::{Process, beside},
    prometheus,
    routes::Routes,
    rules::hastened,
    telegram::{Chat, Message, Telegram, User},
};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::{
    document::{arguments, file, fitted, put_rules},
    patience::{PATIENCE, eventually, free_port},
    watched::Watched,
};

const TOKEN: &str = "1:scaling";
const SECRET: &str = "between Alertmanager and the bot";
const ALERT: &str = "HeadlagNodeUnreachable";
/// Five minutes of trouble take five seconds.
const HASTE: u64 = 60;

/// Starts a cluster. Its members know what the others sent after a second, not fifteen.
async fn cluster(folder: &Path, routes: &str) -> [(SocketAddr, Process); 2] {
    let tools = alertmanager::Tools::find_or_fetch().await.unwrap();
    let gossip = [free_port(), free_port()].map(|port| port.hand_over());
    let mut members = Vec::new();
    for number in 0..2 {
        let home = folder.join(format!("alertmanager-{number}"));
        std::fs::create_dir(&home).unwrap();
        let address = free_port().hand_over();
        let mut command = tools.command(&home, routes, address).await.unwrap();
        command.arg(format!("--cluster.listen-address={}", gossip[number]));
        let documented = arguments("alertmanager ").split_whitespace();
        let peer = documented.filter_map(|argument| argument.strip_suffix("alertmanager-b:9094"));
        command.args(peer.map(|flag| format!("{flag}{}", gossip[1 - number])));
        command.args(["--cluster.peer-timeout=1s", "--cluster.gossip-interval=50ms"]);
        members.push((address, Process::start("alertmanager", &mut command).unwrap()));
    }
    for (address, member) in &mut members {
        member.ready(&format!("http://{address}/-/ready"), PATIENCE).await.unwrap();
    }
    members.try_into().unwrap()
}

/// Starts the two servers with the config of the document.
async fn servers(folder: &Path, exporters: &[SocketAddr], alertmanagers: [SocketAddr; 2]) -> Vec<Server> {
    let tools = prometheus::Tools::find_or_fetch().await.unwrap();
    let addresses = [
        ("exporter-frankfurt:9917", exporters[0].to_string()),
        ("exporter-tokyo:9917", exporters[1].to_string()),
        ("alertmanager-a:9093", alertmanagers[0].to_string()),
        ("alertmanager-b:9093", alertmanagers[1].to_string()),
    ];
    let config = fitted(file("prometheus.yml: server a"), &addresses);
    let mut servers = Vec::new();
    for replica in ["replica: a", "replica: b"] {
        let home = folder.join(replica);
        std::fs::create_dir(&home).unwrap();
        put_rules(&home, |rules| hastened(rules, "headlag-chain", HASTE));
        let config =
            config.replace("external_labels: { replica: a }", &format!("external_labels: {{ {replica} }}"));
        let port = free_port();
        let address = port.address();
        servers.push(Server { address, process: tools.start(&home, &config, port).await.unwrap() });
    }
    servers
}

struct Server {
    address: SocketAddr,
    process: Process,
}

async fn get(url: String) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// The alerts of this name that an Alertmanager has.
async fn alerts(alertmanager: SocketAddr, filter: &str) -> Vec<Value> {
    let found = get(format!("http://{alertmanager}/api/v2/alerts?{filter}")).await;
    let ours = |alert: &&Value| alert["labels"]["alertname"] == ALERT;
    found.as_array().unwrap().iter().filter(ours).cloned().collect()
}

/// Waits until a server has sent the alert to both Alertmanagers.
async fn sent(server: &Server) {
    let fires = || async {
        let alerts = get(format!("http://{}/api/v1/alerts", server.address)).await;
        let mut alerts = alerts["data"]["alerts"].as_array().unwrap().iter();
        alerts.any(|alert| alert["labels"]["alertname"] == ALERT && alert["state"] == "firing").then_some(())
    };
    eventually("the alert fires", fires).await;
    let counted = || async {
        let url = format!("http://{}/metrics", server.address);
        let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
        let sent = metrics.lines().filter(|line| line.starts_with("prometheus_notifications_sent_total{"));
        (sent.filter(|line| !line.ends_with(" 0")).count() == 2).then_some(())
    };
    eventually("the alert is sent to both Alertmanagers", counted).await;
}

fn start_bot(
    telegram: &Telegram,
    user: &User,
    folder: &Path,
    [own, alertmanager, prometheus]: [SocketAddr; 3],
) -> Process {
    let mut command = Command::new(beside("headlag-chartbot").unwrap());
    command
        .env("CHARTBOT_TELEGRAM_TOKEN", TOKEN)
        .env("CHARTBOT_TELEGRAM_API_URL", telegram.url())
        .env("CHARTBOT_TELEGRAM_ALLOWED_USERS", user.id.to_string())
        .env("CHARTBOT_TELEGRAM_ALERT_CHATS", user.id.to_string())
        .env("CHARTBOT_ALERTS_SECRET_FILE", folder.join("secret"))
        .env("CHARTBOT_ALERTMANAGER_URL", format!("http://{alertmanager}"))
        .env("CHARTBOT_PROMETHEUS_URL", format!("http://{prometheus}"))
        .env("CHARTBOT_WEB_LISTEN_ADDRESS", own.to_string());
    Process::start("chartbot", &mut command).unwrap()
}

fn silence_button(message: &Message) -> Option<String> {
    let rows = &message.reply_markup.as_ref()?.inline_keyboard;
    let mut buttons = rows.iter().flatten().filter_map(|button| button.callback_data.clone());
    buttons.find(|button| button.starts_with("alert silence"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_everything_make_one_alert_one_message_and_one_silence() {
    let folder = tempfile::tempdir().unwrap();
    let watched = Watched::start(2).await;
    watched.nodes.pull(|levers| _ = levers.insert(Node::Watched, Lever::Refuse));
    let telegram = Telegram::start(TOKEN).await.unwrap();
    let ada = User::new(7, "Ada").speaking("en");
    telegram.meet(&Chat::private(&ada));
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, SECRET).unwrap();
    let chartbot = free_port().hand_over();
    let routes =
        Routes { chartbot, secret_file: &secret_file, telegram: &telegram.url(), token: TOKEN, chat: ada.id };
    let members = cluster(folder.path(), &routes.alertmanager_yml()).await;
    let alertmanagers = [members[0].0, members[1].0];
    let servers = servers(folder.path(), &watched.exporters, alertmanagers).await;
    let addresses = [chartbot, alertmanagers[0], servers[0].address];
    let mut bot = start_bot(&telegram, &ada, folder.path(), addresses);
    bot.ready(&format!("http://{chartbot}/-/ready"), PATIENCE).await.unwrap();

    for server in &servers {
        sent(server).await;
    }
    for alertmanager in alertmanagers {
        let alerts = alerts(alertmanager, "").await;
        let [alert] = &alerts[..] else { panic!("{} alerts: {alerts:?}", alerts.len()) };
        assert_eq!(
            (&alert["labels"]["node"], &alert["labels"]["replica"]),
            (&"my-node".into(), &Value::Null)
        );
    }

    let about = |message: &&Message| message.words().contains("my-node");
    let said = telegram.wait_for(|state| state.answers(ada.id).find(about).cloned());
    let message = timeout(PATIENCE, said).await.unwrap();
    telegram.press(&ada, message.message_id, &silence_button(&message).unwrap()).unwrap();
    for alertmanager in alertmanagers {
        let silenced = || async {
            let active = alerts(alertmanager, "silenced=false").await;
            (active.is_empty() && alerts(alertmanager, "").await.len() == 1).then_some(())
        };
        eventually("the alert is silenced in both Alertmanagers", silenced).await;
        let silences = get(format!("http://{alertmanager}/api/v2/silences")).await;
        assert_eq!(silences.as_array().unwrap().len(), 1, "{silences}");
    }
    assert_eq!(
        telegram.state().answers(ada.id).filter(about).filter(|of| of.reply_to_message.is_none()).count(),
        1
    );

    bot.stop().await.unwrap();
    for process in servers.into_iter().map(|server| server.process).chain(members.map(|(_, member)| member)) {
        process.stop().await.unwrap();
    }
    watched.stop().await;
}
