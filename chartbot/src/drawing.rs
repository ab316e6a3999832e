//! `headlag-chartbot chart`: one chart without Telegram.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

use anyhow::Context;
use clap::Args;
use headlag_service::start;

use crate::{
    chart::Theme,
    chat::{command::Range, trouble::Trouble},
    config::Charts,
    metrics::Metrics,
    picture::Painter,
    words::{self, ENGLISH, Language},
};

/// What to draw, and where it goes.
#[derive(Args)]
pub struct Drawing {
    /// hour, day, week, or a duration from 10m to 365d
    #[arg(value_parser = Range::parse)]
    range: Range,
    /// The network to draw; without it, the one in the worst state
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// The PNG file to write; - writes to stdout [default: chart.png, or none with --json]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the facts that picture and caption are made from to stdout
    #[arg(long)]
    json: bool,
    /// The colours, in place of --chart.theme
    #[arg(long)]
    theme: Option<Theme>,
    /// The language of picture and caption
    #[arg(long, default_value = "en")]
    language: Language,
}

impl Drawing {
    /// Whether the facts and the picture would both be written to stdout.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.json && self.output.as_deref() == Some(Path::new("-"))
    }
}

/// Draws it.
///
/// # Errors
/// Why there is no chart, or nowhere to write it.
pub async fn draw(mut charts: Charts, drawing: &Drawing) -> anyhow::Result<()> {
    let Drawing { range, network, output, json, theme, language } = drawing;
    let (range, words) = (*range, language.words());
    charts.theme = theme.unwrap_or(charts.theme);
    let output = output.as_deref().or((!json).then_some(Path::new("chart.png")));
    let painter = Painter::of(&charts, &Metrics::default())?;
    let failed = |trouble: Trouble| anyhow::anyhow!(trouble.sentence(range, words));
    let known = painter.know(range, network.as_deref()).await.map_err(failed)?;
    if let Some(output) = output {
        let picture = painter.paint(&known, None, words).await.map_err(failed)?;
        if output == Path::new("-") {
            io::stdout().write_all(&picture.png).context("cannot write the chart to stdout")?;
        } else {
            replace(output, |file| file.write_all(&picture.png))
                .with_context(|| format!("cannot write the chart to {}", output.display()))?;
        }
        // Beside the picture, never into it.
        start::complain(&picture.caption);
    }
    if *json {
        let mut facts = known.facts;
        facts.warnings = known.warnings.iter().map(|warning| words::warning(warning, &ENGLISH)).collect();
        let text = serde_json::to_string_pretty(&facts).context("cannot write the facts as JSON")?;
        writeln!(io::stdout(), "{text}").context("cannot write the facts to stdout")?;
    }
    Ok(())
}

/// Lets `write` fill the file at `path`. Where that fails, as on a full disk, a file that was there
/// stays as it was: another one takes its place once it is whole. Only a link, a device or a pipe,
/// and a file beside which none can be made, is written to directly.
fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let before = fs::symlink_metadata(path).ok();
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", process::id()));
    let is_regular = before.as_ref().is_none_or(fs::Metadata::is_file);
    let Some(mut file) = is_regular.then(|| File::create_new(&beside).ok()).flatten() else {
        return write(&mut File::create(path)?);
    };
    let replaced = write(&mut file).and_then(|()| {
        if let Some(before) = before {
            file.set_permissions(before.permissions())?;
        }
        fs::rename(&beside, path)
    });
    if replaced.is_err() {
        let _ = fs::remove_file(&beside);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("chart.png"), folder.path().join("link.png"));
        let names = || {
            let entries = fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let full = |file: &mut File| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        assert_eq!(replace(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(names().is_empty());
        replace(&path, |file| file.write_all(b"one")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, full).unwrap_err();
        assert_eq!((fs::read(&path).unwrap(), names()), (b"one".into(), vec!["chart.png".into()]));
        replace(&path, |file| file.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);

        symlink(&path, &link).unwrap();
        replace(&link, |file| file.write_all(b"three")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        replace(Path::new("/dev/null"), |file| file.write_all(b"four")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
