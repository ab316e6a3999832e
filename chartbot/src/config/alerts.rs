//! The flags about alerts.

use std::path::PathBuf;

use clap::Args;
use headlag_service::secret_file;
use secrecy::SecretString;

use super::shown;
use crate::{chat::place::Place, words::Language};

const CHATS: &str = "--telegram.alert-chats";
const SECRET: &str = "--alerts.secret-file";

/// The flags as they were given.
#[derive(Debug, Args)]
pub struct AlertFlags {
    /// Chats that get alerts and may silence them: numeric ids of users or groups, or CHAT:TOPIC
    /// for a topic of a group, separated by commas. The log shows the id of a group in which
    /// somebody writes to the bot
    #[arg(
        long = "telegram.alert-chats",
        value_name = "CHATS",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true,
        help_heading = "Alerts"
    )]
    chats: String,
    /// File with the secret that Alertmanager sends to POST /alerts as Authorization: Bearer, on
    /// one line
    #[arg(long = "alerts.secret-file", value_name = "FILE", help_heading = "Alerts")]
    secret_file: Option<PathBuf>,
    /// Language of alerts in the chats; summaries are as the rules have them
    #[arg(
        long = "alerts.language",
        value_name = "LANGUAGE",
        default_value = "en",
        value_enum,
        help_heading = "Alerts"
    )]
    language: Language,
}

/// What delivering alerts needs.
#[derive(Debug)]
pub struct Alerting {
    /// Who gets them, at least one, each once.
    pub chats: Vec<Place>,
    /// What Alertmanager has to know.
    pub secret: SecretString,
    /// The language of texts and cards.
    pub language: Language,
}

impl AlertFlags {
    /// Nothing about alerts.
    #[cfg(test)]
    pub fn none() -> Self {
        Self { chats: String::new(), secret_file: None, language: Language::English }
    }

    /// What delivering alerts needs; absent where neither chats nor a secret are given.
    ///
    /// # Errors
    /// Everything that is wrong, a sentence each.
    pub fn read(&self) -> Result<Option<Alerting>, Vec<String>> {
        let mut wrong = Vec::new();
        let chats = self.chats().map_err(|problem| wrong.push(problem)).unwrap_or_default();
        let has_chats = !chats.is_empty() || !wrong.is_empty();
        let file = self.secret_file.as_ref().filter(|file| !file.as_os_str().is_empty());
        let secret = file.and_then(|file| {
            let problem = |error| format!("{SECRET} {}: {error}", shown::file(file));
            secret_file::read_secret(file).map_err(|error| wrong.push(problem(error))).ok()
        });
        match (has_chats, file) {
            (true, None) => wrong.push(format!(
                "{CHATS} is given without {SECRET}, so that nobody could send alerts; name a file with \
                 a secret that Alertmanager knows, or leave both out"
            )),
            (false, Some(_)) => wrong.push(format!(
                "{SECRET} is given without {CHATS}, so that nobody would get alerts; give ids of users \
                 or groups, separated by commas, or leave both out"
            )),
            _ => {}
        }
        let language = self.language;
        if wrong.is_empty() {
            Ok(secret.map(|secret| Alerting { chats, secret, language }))
        } else {
            Err(wrong)
        }
    }

    fn chats(&self) -> Result<Vec<Place>, String> {
        let words = self.chats.split(',').map(str::trim).filter(|word| !word.is_empty());
        let (mut chats, mut wrong) = (Vec::new(), Vec::new());
        for word in words {
            match Place::parse(word) {
                Some(place) if chats.contains(&place) => {}
                Some(place) => chats.push(place),
                None => wrong.push(shown::item(word)),
            }
        }
        if wrong.is_empty() {
            return Ok(chats);
        }
        Err(format!(
            "{CHATS} holds {}; each has to be the numeric id of a user or a group such as 123456 or \
             -1001234567890, or a topic such as -1001234567890:7",
            wrong.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use secrecy::ExposeSecret;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        flags: AlertFlags,
    }

    #[test]
    fn the_id_of_a_group_is_no_flag() {
        for arguments in [
            ["", "--telegram.alert-chats", "-100:7,-200"].as_slice(),
            &["", "--telegram.alert-chats=-100:7,-200"],
        ] {
            let Cli { flags } = Cli::try_parse_from(arguments).unwrap();
            assert_eq!(flags.chats, "-100:7,-200");
        }
    }

    fn read(chats: &str, secret: Option<&str>) -> Result<Option<Alerting>, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let secret_file = secret.map(|secret| {
            std::fs::write(&file, secret).unwrap();
            file.clone()
        });
        let read = AlertFlags { chats: chats.into(), secret_file, language: Language::Russian }.read();
        let without_folder = |problem: String| problem.replace(file.to_str().unwrap(), "FILE");
        read.map_err(|problems| problems.into_iter().map(without_folder).collect())
    }

    #[test]
    fn chats_and_a_secret_or_neither() {
        assert!(read("", None).unwrap().is_none() && read(" , ", None).unwrap().is_none());
        let alerting = read(" 42, -1001:7,-1001,42,", Some("s3cret\n")).unwrap().unwrap();
        let chats: Vec<_> = alerting.chats.iter().map(ToString::to_string).collect();
        assert_eq!(chats, ["42", "-1001:7", "-1001"]);
        assert_eq!((alerting.secret.expose_secret(), alerting.language), ("s3cret", Language::Russian));
    }

    #[test]
    fn what_is_wrong_is_reported_together() {
        const ALONE: &str = "--telegram.alert-chats is given without --alerts.secret-file, so that nobody \
            could send alerts; name a file with a secret that Alertmanager knows, or leave both out";
        const NOBODY: &str = "--alerts.secret-file is given without --telegram.alert-chats, so that nobody \
            would get alerts; give ids of users or groups, separated by commas, or leave both out";
        const EMPTY: &str = "--alerts.secret-file FILE: it is empty; write the secret into it, on one line";
        const ODD: &str = "--telegram.alert-chats holds \"@alice\", \"-100:x\"; each has to be the numeric \
            id of a user or a group such as 123456 or -1001234567890, or a topic such as -1001234567890:7";
        for (chats, secret, want) in [
            ("42", None, &[ALONE][..]),
            ("", Some("s3cret"), &[NOBODY]),
            ("42", Some(" \n"), &[EMPTY]),
            ("", Some(""), &[EMPTY, NOBODY]),
            ("42,@alice,-100:x", Some("s3cret"), &[ODD]),
            ("42,@alice,-100:x", None, &[ODD, ALONE]),
            ("@alice,-100:x", Some(""), &[ODD, EMPTY]),
        ] {
            assert_eq!(read(chats, secret).unwrap_err(), want, "{chats:?} {secret:?}");
        }
    }
}
