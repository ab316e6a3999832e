//! The shipped `alertmanager.yml`, made to fit the demo.

use std::net::SocketAddr;
use std::path::Path;

const SHIPPED: &str = include_str!("../../alertmanager.yml");

/// Where alerts go.
#[derive(Clone, Copy, Debug)]
pub struct Routes<'a> {
    /// The chart bot, which gets the alerts of nodes and networks.
    pub chartbot: SocketAddr,
    /// A file with the secret that the bot knows.
    pub secret_file: &'a Path,
    /// The Bot API, through which Alertmanager itself sends alerts about headlag.
    pub telegram: &'a str,
    /// The bot's token.
    pub token: &'a str,
    /// Who gets the alerts about headlag.
    pub chat: i64,
}

impl Routes<'_> {
    /// The shipped routes with these addresses, and with less patience. The token and the chat
    /// are in the text, since Debian's Alertmanager 0.25 does not know files with them.
    pub fn alertmanager_yml(&self) -> String {
        let Routes { chartbot, secret_file, telegram, token, chat } = self;
        let replaced = [
            ("group_wait: 5s", "group_wait: 1s".to_owned()),
            ("group_interval: 1m", "group_interval: 1s".to_owned()),
            ("- url: http://chartbot:9918/alerts", format!("- url: http://{chartbot}/alerts")),
            ("credentials_file:", format!("credentials_file: '{}'", secret_file.display())),
            ("- bot_token_file:", format!("- bot_token: '{token}'")),
            ("chat_id_file:", format!("chat_id: {chat}\n        api_url: '{telegram}'")),
        ];
        let line = |line: &str| {
            let text = line.trim_start();
            let indent = &line[..line.len() - text.len()];
            let known = replaced.iter().find(|(shipped, _)| text.starts_with(shipped));
            known.map_or_else(|| line.to_owned(), |(_, ours)| format!("{indent}{ours}")) + "\n"
        };
        SHIPPED.lines().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_where_it_is_shipped_to() {
        let routes = Routes {
            chartbot: ([127, 0, 0, 1], 9918).into(),
            secret_file: Path::new("/secret"),
            telegram: "http://127.0.0.1:8088",
            token: "1:token",
            chat: 7,
        };
        let text = routes.alertmanager_yml();
        let lines = || text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for part in ["chartbot:9918", "/run/", "_id_file", "token_file", "wait: 5s", "interval: 1m"] {
            assert_eq!(lines().find(|line| line.contains(part)), None);
        }
        for part in ["url: http://127.0.0.1:9918/alerts", "'/secret'", "'1:token'", "chat_id: 7"] {
            assert!(lines().any(|line| line.contains(part)), "{part} is missing:\n{text}");
        }
    }
}
