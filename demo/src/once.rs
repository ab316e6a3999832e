//! One pass: the three charts, asked for as a Telegram user would, into files.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::telegram::{Telegram, User};

/// A user would not wait longer for a picture.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes `folder`, and tries to write into it.
///
/// # Errors
/// When no file can be there.
pub fn prepare(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::tempfile_in(folder))
        .with_context(|| {
            format!("cannot write into {}; name another folder for the charts", folder.display())
        })
        .map(drop)
}

/// Asks for the three charts and writes `hour.png`, `day.png` and `week.png` into `folder`.
pub async fn charts(telegram: &Telegram, user: &User, folder: &Path) -> anyhow::Result<()> {
    for range in ["hour", "day", "week"] {
        let asked = telegram.say(user, &format!("/{range}"));
        let answer = telegram.wait_for(|state| {
            let mut answers = state.answers(user.id);
            answers.find(|message| message.message_id > asked).cloned()
        });
        let answer = tokio::time::timeout(PATIENCE, answer)
            .await
            .with_context(|| format!("/{range} was not answered within {} s", PATIENCE.as_secs()))?;
        let Some(picture) = telegram.photo(&answer) else {
            bail!("/{range} was answered without a chart: {}", answer.text.unwrap_or_default());
        };
        let file = folder.join(format!("{range}.png"));
        tokio::fs::write(&file, picture).await.with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("headlag-demo | {}: {}", file.display(), answer.caption.unwrap_or_default());
    }
    Ok(())
}
