//! What SIGHUP does: the files that hold secrets are read again, and what they hold is used from
//! then on. Flags and environment are those of the start.

use std::sync::Arc;

use tokio::{signal::unix::Signal, sync::mpsc};

use crate::{
    alerts::silencer::Silencer,
    config::{Credentials, Problems},
    samples::client::Prometheus,
    telegram::Api,
    web::Pages,
};

/// Reads all files again at each hang-up, and hands on what they hold.
pub async fn at_hangups(
    mut hangups: Signal,
    read: impl Fn() -> Result<Credentials, Problems>,
    credentials: mpsc::Sender<Credentials>,
) {
    while hangups.recv().await.is_some() {
        match read() {
            Ok(read) => {
                // While the bot stops, nobody needs them any more.
                let _ = credentials.send(read).await;
            }
            Err(problems) => {
                tracing::error!(%problems, "secret files not re-read; those of before remain in force");
            }
        }
    }
}

/// Everything that sends or compares a secret.
pub struct Renewal {
    /// To Telegram.
    pub api: Api,
    /// To Prometheus.
    pub prometheus: Prometheus,
    /// To Alertmanager; absent without one.
    pub silencer: Option<Arc<Silencer>>,
    /// Where alerts come in.
    pub pages: Arc<Pages>,
}

impl Renewal {
    /// Puts in force whatever comes, for ever.
    pub async fn run(self, mut credentials: mpsc::Receiver<Credentials>) {
        while let Some(credentials) = credentials.recv().await {
            self.renew(credentials);
        }
    }

    fn renew(&self, Credentials { token, alerts, prometheus, alertmanager }: Credentials) {
        let silencer = self.silencer.as_ref().zip(alertmanager);
        let renewed = self.prometheus.renew(&prometheus);
        if renewed.and_then(|()| silencer.map_or(Ok(()), |(silencer, http)| silencer.renew(&http))).is_err() {
            tracing::error!("secret files not re-read: cannot set up TLS; restart the bot");
            return;
        }
        if let Some((intake, secret)) = self.pages.intake.as_ref().zip(alerts) {
            intake.renew(secret);
        }
        if self.api.renew(&token) {
            tracing::info!("secret files re-read");
        } else {
            tracing::warn!(
                "secret files re-read, but for the token: it is that of another bot; restart to use it"
            );
        }
    }
}
