//! Flags -> a [`Config`] that cannot be wrong; all problems are reported together.

mod alerts;
pub mod http_file;
mod shown;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use clap::Args;
use headlag_service::{
    secret_file,
    server::Listening,
    start::{HealthAddress, ListenOptions},
};
use jiff::tz::TimeZone;
use reqwest::{Proxy, Url};
use secrecy::SecretString;

use self::alerts::AlertFlags;
#[cfg(test)]
pub use self::http_file::load as load_http;
pub use self::{alerts::Alerting, http_file::HttpConfig};
use crate::{chart::Theme, chat::access::User};

/// The environment variable that may hold the token itself.
pub const TOKEN_VARIABLE: &str = "CHARTBOT_TELEGRAM_TOKEN";

/// The flags as they were given.
#[derive(Debug, Args)]
pub struct Flags {
    /// File with the bot's token on one line, as issued by @BotFather; alternatively, the
    /// token itself in CHARTBOT_TELEGRAM_TOKEN
    #[arg(long = "telegram.token-file", value_name = "FILE", help_heading = "Telegram")]
    token_file: Option<PathBuf>,
    /// The Bot API server
    #[arg(
        long = "telegram.api-url",
        value_name = "URL",
        default_value = "https://api.telegram.org",
        help_heading = "Telegram"
    )]
    api_url: String,
    /// A proxy for everything sent to Telegram, such as socks5://127.0.0.1:1080; with
    /// socks5h the proxy also looks the name up
    #[arg(
        long = "telegram.proxy-url",
        value_name = "URL",
        default_value = "",
        hide_default_value = true,
        help_heading = "Telegram"
    )]
    proxy_url: String,
    /// Users who get answers: numeric ids or @usernames, separated by commas. The log shows
    /// the id of anyone else who asks. A username can change hands, an id cannot
    #[arg(
        long = "telegram.allowed-users",
        value_name = "USERS",
        default_value = "",
        hide_default_value = true,
        help_heading = "Telegram"
    )]
    allowed_users: String,
    /// Server with the samples: Prometheus, or any other with its HTTP API
    #[arg(
        long = "prometheus.url",
        value_name = "URL",
        default_value = "http://127.0.0.1:9090",
        global = true,
        help_heading = "Charts"
    )]
    prometheus_url: String,
    /// File with what is sent with every query to Prometheus, in the format of
    /// promtool's --http.config.file: authorization, basic_auth, tls_config, http_headers
    #[arg(long = "prometheus.http-config-file", value_name = "FILE", global = true, help_heading = "Charts")]
    prometheus_http: Option<PathBuf>,
    /// Alertmanager, for silences; without it, alerts have no buttons to silence them
    #[arg(
        long = "alertmanager.url",
        value_name = "URL",
        default_value = "",
        hide_default_value = true,
        help_heading = "Alerts"
    )]
    alertmanager_url: String,
    /// File with what is sent with every request to Alertmanager, in the format of
    /// --prometheus.http-config-file
    #[arg(long = "alertmanager.http-config-file", value_name = "FILE", help_heading = "Alerts")]
    alertmanager_http: Option<PathBuf>,
    /// Time zone of charts and captions, an IANA name such as Europe/Berlin
    #[arg(
        long = "chart.time-zone",
        value_name = "ZONE",
        default_value = "UTC",
        global = true,
        help_heading = "Charts"
    )]
    time_zone: String,
    /// Colours of the charts
    #[arg(
        long = "chart.theme",
        value_name = "THEME",
        default_value = "light",
        value_enum,
        global = true,
        help_heading = "Charts"
    )]
    theme: Theme,
    #[command(flatten)]
    alerts: AlertFlags,
    #[command(flatten)]
    listen: ListenOptions,
}

/// What serving needs.
pub struct Config {
    /// The bot's token.
    pub token: SecretString,
    /// The Bot API server, its path without a trailing slash.
    pub api_url: Url,
    /// The proxy on the way to it; absent when there is none. May hold a password.
    pub proxy: Option<Proxy>,
    /// Who gets answers, at least one.
    pub allowed_users: Vec<User>,
    /// Where charts come from.
    pub charts: Charts,
    /// Who gets alerts; absent where nobody does.
    pub alerts: Option<Alerting>,
    /// Where silences are made; absent if the bot makes none.
    pub alertmanager: Option<Upstream>,
    /// Where the bot's own pages are.
    pub listening: Listening,
}

/// What the files with secrets hold.
pub struct Credentials {
    /// The bot's token.
    pub token: SecretString,
    /// Which Alertmanager has to know; absent where nobody gets alerts.
    pub alerts: Option<SecretString>,
    /// For Prometheus.
    pub prometheus: HttpConfig,
    /// For Alertmanager; absent without one.
    pub alertmanager: Option<HttpConfig>,
}

/// What drawing needs.
pub struct Charts {
    /// Where the samples are.
    pub prometheus: Upstream,
    /// The zone of all times.
    pub zone: TimeZone,
    /// The colours.
    pub theme: Theme,
}

/// A server that is asked.
pub struct Upstream {
    /// Its address, the path without a trailing slash. May hold a password.
    pub url: Url,
    /// What is sent with every request to it.
    pub http: HttpConfig,
}

/// Everything that is wrong with the flags, a line each. Never holds a secret's value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Problems {
    fn keep<T>(&mut self, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|problem| self.0.push(problem)).ok()
    }
}

impl Flags {
    /// What serving needs; `token` is what the environment variable holds.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn to_serve(&self, token: Option<String>) -> Result<Config, Problems> {
        let mut problems = Problems(Vec::new());
        let token = problems.keep(self.token(token));
        let api_url = problems.keep(url("--telegram.api-url", &self.api_url, "https://api.telegram.org"));
        let proxy = problems.keep(proxy(&self.proxy_url));
        let allowed_users = problems.keep(self.allowed_users());
        let charts = self.charts(&mut problems);
        let alerts = self.alerts.read().map_err(|wrong| problems.0.extend(wrong)).ok();
        let alertmanager = self.alertmanager(&mut problems);
        let listening = self.listen.to_serve().map_err(|wrong| problems.0.extend(wrong)).ok();
        let config = || {
            Some(Config {
                token: token?,
                api_url: api_url?,
                proxy: proxy?,
                allowed_users: allowed_users?,
                charts: charts?,
                alerts: alerts?,
                alertmanager: alertmanager?,
                listening: listening?,
            })
        };
        config().ok_or(problems)
    }

    /// What the files with secrets hold by now; `token` is what the environment variable holds.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn to_renew(&self, token: Option<String>) -> Result<Credentials, Problems> {
        let mut problems = Problems(Vec::new());
        let token = problems.keep(self.token(token));
        let charts = self.charts(&mut problems);
        let alerts = self.alerts.read().map_err(|wrong| problems.0.extend(wrong)).ok();
        let alertmanager = self.alertmanager(&mut problems);
        let credentials = || {
            Some(Credentials {
                token: token?,
                alerts: alerts?.map(|alerts| alerts.secret),
                prometheus: charts?.prometheus.http,
                alertmanager: alertmanager?.map(|alertmanager| alertmanager.http),
            })
        };
        credentials().ok_or(problems)
    }

    /// What drawing one chart without Telegram needs.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn to_draw(&self) -> Result<Charts, Problems> {
        let mut problems = Problems(Vec::new());
        self.charts(&mut problems).ok_or(problems)
    }

    /// Where the running service is asked for its health.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn to_check_health(&self) -> Result<HealthAddress, Problems> {
        self.listen.to_check_health().map_err(Problems)
    }

    fn charts(&self, problems: &mut Problems) -> Option<Charts> {
        let prometheus = upstream(
            ("--prometheus.url", &self.prometheus_url, "http://127.0.0.1:9090"),
            ("--prometheus.http-config-file", self.prometheus_http.as_deref()),
            problems,
        );
        let zone = problems.keep(self.zone());
        Some(Charts { prometheus: prometheus?, zone: zone?, theme: self.theme })
    }

    /// Absent if something is wrong; the inner value if there is none.
    fn alertmanager(&self, problems: &mut Problems) -> Option<Option<Upstream>> {
        const FILE: &str = "--alertmanager.http-config-file";
        let file = self.alertmanager_http.as_deref().filter(|file| !file.as_os_str().is_empty());
        if !self.alertmanager_url.trim().is_empty() {
            let url = ("--alertmanager.url", &*self.alertmanager_url, "http://127.0.0.1:9093");
            return upstream(url, (FILE, file), problems).map(Some);
        }
        if file.is_some() {
            problems.0.push(format!("{FILE} is given without --alertmanager.url; give both or neither"));
            return None;
        }
        Some(None)
    }

    fn token(&self, from_environment: Option<String>) -> Result<SecretString, String> {
        use secrecy::ExposeSecret;
        let from_environment = from_environment.filter(|token| !token.trim().is_empty());
        let file = self.token_file.as_ref().filter(|file| !file.as_os_str().is_empty());
        let (from, token) = match (file, from_environment) {
            (Some(_), Some(_)) => {
                return Err(format!(
                    "--telegram.token-file and {TOKEN_VARIABLE} both give a token; keep one"
                ));
            }
            (None, None) => {
                return Err(format!(
                    "--telegram.token-file is missing; name a file with the token from \
                     @BotFather, or put the token into {TOKEN_VARIABLE}"
                ));
            }
            (Some(file), None) => {
                let read = secret_file::read_secret(file)
                    .map_err(|error| format!("--telegram.token-file {}: {error}", shown::file(file)));
                ("--telegram.token-file", read?)
            }
            (None, Some(token)) => (TOKEN_VARIABLE, SecretString::from(token.trim())),
        };
        if looks_like_a_token(token.expose_secret()) {
            Ok(token)
        } else {
            Err(format!("{from} is not a bot token; one from @BotFather looks like 123456:ABC-def_9"))
        }
    }

    fn allowed_users(&self) -> Result<Vec<User>, String> {
        const FLAG: &str = "--telegram.allowed-users";
        let words = self.allowed_users.split(',').map(str::trim);
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Err(format!(
                "{FLAG} is empty, so nobody would get an answer; give numeric ids or \
                 @usernames, separated by commas"
            ));
        }
        let wrong: Vec<_> = words.iter().filter(|word| User::parse(word).is_none()).collect();
        if wrong.is_empty() {
            return Ok(words.into_iter().filter_map(User::parse).collect());
        }
        let wrong: Vec<_> = wrong.iter().map(|word| shown::item(word)).collect();
        Err(format!(
            "{FLAG} holds {}; each has to be a numeric id such as 123456, or an @username of \
             5 to 32 letters, digits and underscores",
            wrong.join(", ")
        ))
    }

    fn zone(&self) -> Result<TimeZone, String> {
        TimeZone::get(&self.time_zone).map_err(|_| {
            format!(
                "--chart.time-zone {:?} is not a known time zone; give an IANA name such as \
                 UTC or Europe/Berlin",
                self.time_zone
            )
        })
    }
}

/// `123456:ABC-def_9`. Real ones are longer, those of stand-ins need not be.
fn looks_like_a_token(token: &str) -> bool {
    token.split_once(':').is_some_and(|(id, key)| {
        let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        !id.is_empty()
            && !key.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && key.bytes().all(sign)
    })
}

/// Reads the URL of a proxy, if there is one. It is never shown: it may hold a password.
fn proxy(text: &str) -> Result<Option<Proxy>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text.trim()).ok().filter(Url::has_host);
    let url = url.filter(|url| ["http", "socks5", "socks5h"].contains(&url.scheme()));
    let proxy = url.and_then(|url| Proxy::all(url).ok());
    proxy.map(Some).ok_or_else(|| {
        "--telegram.proxy-url is not the address of a proxy; give one such as http://127.0.0.1:3128 \
         or socks5://127.0.0.1:1080"
            .to_owned()
    })
}

/// A server by its flags: the URL with an example, and the file with what is sent to it.
fn upstream(
    (flag, text, example): (&str, &str, &str),
    (file_flag, file): (&str, Option<&Path>),
    problems: &mut Problems,
) -> Option<Upstream> {
    let url = problems.keep(url(flag, text, example));
    let http = match file.filter(|file| !file.as_os_str().is_empty()) {
        Some(file) => http_file::load(file).map_err(|report| format!("{file_flag} {report}")),
        None => Ok(HttpConfig::default()),
    };
    let (url, http) = (url, problems.keep(http));
    if let (Some(url), Some(http)) = (&url, &http)
        && http.has_credentials()
        && (!url.username().is_empty() || url.password().is_some())
    {
        problems.0.push(format!("{flag} holds credentials, and so does {file_flag}; keep one of the two"));
        return None;
    }
    Some(Upstream { url: url?, http: http? })
}

/// Reads the URL of a server. It is never shown: it may hold a password.
fn url(flag: &str, text: &str, example: &str) -> Result<Url, String> {
    let wrong = |what: &str| format!("{flag} {what}; give the server's address such as {example}");
    let mut url = Url::parse(text.trim()).map_err(|_| wrong("is not a URL"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(wrong("is neither http nor https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or a fragment"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests;
