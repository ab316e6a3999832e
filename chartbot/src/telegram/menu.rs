//! Registers the commands that Telegram lists in its menu. The commands also work while they
//! are not listed, so nothing waits for this.

use teloxide::{
    payloads::{SetMyCommands, SetMyCommandsSetters},
    types::BotCommand,
};
use tokio::time::sleep;

use super::{api::Api, fault::Fault};
use crate::{
    metrics::Metrics,
    words::{ENGLISH, RUSSIAN},
};

/// Registers the commands in every language; tries again until Telegram accepts or refuses them.
pub async fn register(api: &Api, metrics: &Metrics) {
    for (commands, language) in [(ENGLISH.commands, None), (RUSSIAN.commands, Some("ru"))] {
        register_in(api, metrics, commands, language).await;
    }
}

/// Registers the commands for one language, or for all that have none of their own.
async fn register_in(api: &Api, metrics: &Metrics, commands: &[(&str, &str)], language: Option<&str>) {
    let commands = commands.iter().map(|(name, what)| BotCommand::new(*name, *what));
    let mut request = SetMyCommands::new(commands);
    if let Some(language) = language {
        request = request.language_code(language);
    }
    let mut failures = 0;
    while let Err(fault) = api.ask(&request).await {
        if let Some(kind) = fault.kind() {
            metrics.telegram_error(kind);
        }
        if let Fault::Rejected(_) = fault {
            tracing::warn!("cannot list the commands in Telegram's menu: {fault}");
            return;
        }
        if failures == 0 {
            tracing::warn!("cannot list the commands in Telegram's menu yet: {fault}; trying again");
        }
        sleep(fault.pause(failures)).await;
        failures = failures.saturating_add(1);
    }
}
