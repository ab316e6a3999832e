//! `headlag-chartbot chart`: one chart without Telegram.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
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
            fs::write(output, &picture.png)
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
