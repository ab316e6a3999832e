//! Whether a chat can get alerts: checked at start, before the first one is lost.

use std::sync::{Arc, atomic::Ordering};

use tokio::time::sleep;

use super::{
    chats::{AlertChats, Undelivered},
    delivery::Tools,
};
use crate::telegram::fault::Fault;

/// Reports a chat that can never get an alert before the first one is lost, and follows a group
/// that was upgraded. While Telegram is away nothing is known of a chat.
pub async fn check(chats: Arc<AlertChats>, place: usize, tools: Tools) {
    ask(&chats, place, &tools).await;
    chats.all()[place].is_checked.store(true, Ordering::Relaxed);
}

async fn ask(chats: &AlertChats, place: usize, tools: &Tools) {
    let chat = &chats.all()[place];
    let mut failures = 0;
    loop {
        let at = chat.place().chat;
        let fault = match tools.outbox.reaches(at).await {
            Ok(()) => return,
            Err(fault) => fault,
        };
        match (fault, failures) {
            (Fault::Migrated(to), 0..3) if to != at => chats.follow(chat, at, to),
            // Also where a server between does not know the question.
            (Fault::Unauthorized | Fault::Rejected(_) | Fault::Gone, _) => return,
            (fault, _) => match Undelivered::of(&fault) {
                Some(reason) => {
                    tools.metrics.alerts.undelivered(reason, 1);
                    chat.cannot_get(reason, &fault);
                    return;
                }
                None => sleep(fault.pause(failures)).await,
            },
        }
        failures = failures.saturating_add(1);
    }
}
