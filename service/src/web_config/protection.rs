//! The web config in force, which follows its files.
//!
//! The files are looked at when a request or a connection comes, at most every two seconds; so
//! no task watches them, and what nobody asks for costs nothing.
#![allow(clippy::disallowed_methods, reason = "an edge: files are looked at again by the clock")]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use hyper::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};
use tokio::{sync::Semaphore, task::spawn_blocking, time::Instant};

use super::{
    files::Files,
    logins::Logins,
    rules::{self, Rules},
};
use crate::{
    reply::{Reply, plain},
    yaml::report::Report,
};

/// How long a change of the files may go unnoticed.
const LOOK: Duration = Duration::from_secs(2);

/// What a listener is protected by. Clones share one state.
#[derive(Clone)]
pub struct Protection(Arc<Inner>);

struct Inner {
    file: File,
    rules: ArcSwap<Rules>,
    logins: Logins,
}

/// The web config and the files that it names.
struct File {
    path: PathBuf,
    next_look: Mutex<Instant>,
    /// As they were read last, whether they were right or not.
    read: Mutex<Files>,
}

/// Why there is no protection.
#[derive(Debug, thiserror::Error)]
pub enum Unprotected {
    /// Something is wrong with the file.
    #[error("--web.config.file {0}")]
    Config(#[from] Report),
    /// The system has no randomness.
    #[error("the system gives no random bytes, which logins need")]
    NoRandomness,
}

impl Protection {
    /// As the file at `path` demands.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn new(path: PathBuf) -> Result<Self, Unprotected> {
        let mut files = Files::default();
        let rules = rules::load(&path, &mut files)?;
        let next_look = Mutex::new(Instant::now() + LOOK);
        let file = File { path, next_look, read: Mutex::new(files) };
        let logins = Logins::new().map_err(|_| Unprotected::NoRandomness)?;
        Ok(Self(Arc::new(Inner { file, rules: ArcSwap::from_pointee(rules), logins })))
    }

    /// The rules in force.
    pub async fn rules(&self) -> Arc<Rules> {
        if self.0.file.is_due(Instant::now()) {
            let inner = self.0.clone();
            // Beside the runtime, since a disk may be slow. Others go on with the old ones.
            let _ = spawn_blocking(move || inner.look()).await;
        }
        self.0.rules.load_full()
    }

    /// What is answered in place of the page where `rules` do not let a request with these
    /// headers in. The requests of one host share their `turn`.
    pub async fn refuse(&self, rules: &Rules, headers: &HeaderMap, turn: &Semaphore) -> Option<Reply> {
        if rules.users.is_empty() || self.0.logins.is_one_of(&rules.users, headers, turn).await {
            return None;
        }
        let text = "log in as one of the users in basic_auth_users of --web.config.file\n";
        let mut reply = plain(StatusCode::UNAUTHORIZED, text);
        let how = hyper::header::HeaderValue::from_static("Basic realm=\"headlag\", charset=\"UTF-8\"");
        reply.headers_mut().insert(WWW_AUTHENTICATE, how);
        Some(reply)
    }

    /// Whether the rate of all requests allows for one more now.
    #[must_use]
    pub fn allows_one_more(&self, rules: &Rules) -> bool {
        rules.allow_one_more(Instant::now().into_std())
    }
}

impl Inner {
    /// Takes the files over if they have changed. A wrong one changes nothing, and is reported
    /// once: it counts as read. So does one without a protection that is in force, since an editor
    /// or a failed deployment may have emptied it.
    fn look(&self) {
        let file = &self.file;
        let mut read = lock(&file.read);
        if read.are_unchanged() {
            return;
        }
        let mut files = Files::default();
        match rules::load(&file.path, &mut files) {
            Ok(rules) => {
                let lost = self.rules.load().lost_in(&rules);
                if lost.is_empty() {
                    self.rules.store(Arc::new(rules));
                    tracing::info!(file = %file.path.display(), "read the web config again, since it has changed");
                } else {
                    tracing::warn!(
                        file = %file.path.display(),
                        "the web config has changed and would switch off {}, so the old one stays in force; \
                         restart the service if that is intended",
                        lost.join(" and ")
                    );
                }
            }
            Err(report) => {
                tracing::warn!(
                    "the web config has changed and is wrong, so the old one stays in force: {report}"
                );
            }
        }
        *read = files;
    }
}

impl File {
    /// Whether it is time to look; true for one asker alone.
    fn is_due(&self, now: Instant) -> bool {
        let mut next = lock(&self.next_look);
        let is_due = now >= *next;
        if is_due {
            *next = now + LOOK;
        }
        is_due
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captured_log::CapturedLog;
    use rcgen::{CertificateParams, KeyPair};
    use std::{fs, path::Path};
    use tokio::time::advance;

    /// Writes a certificate and its key; gives the certificate.
    fn certify(folder: &Path) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        fs::write(folder.join("a.pem"), certificate.pem()).unwrap();
        fs::write(folder.join("a.key"), key.serialize_pem()).unwrap();
        certificate.der().to_vec()
    }

    fn shown(protection: &Protection) -> Vec<u8> {
        protection.0.rules.load().tls.as_ref().unwrap().certificate.to_vec()
    }

    #[test]
    fn a_certificate_that_does_not_match_its_key_leaves_the_old_one_in_force_with_one_warning() {
        let log = CapturedLog::begin();
        let said = |what: &str| log.count(what);

        let folder = tempfile::tempdir().unwrap();
        let first = certify(folder.path());
        let path = folder.path().join("web.yml");
        fs::write(&path, "tls_server_config: {cert_file: a.pem, key_file: a.key}").unwrap();
        let protection = Protection::new(path.clone()).unwrap();
        protection.0.look();
        assert_eq!((shown(&protection) == first, said("WARN"), said("INFO")), (true, 0, 0));

        let key = fs::read(folder.path().join("a.key")).unwrap();
        let second = certify(folder.path());
        let new_key = fs::read(folder.path().join("a.key")).unwrap();
        fs::write(folder.path().join("a.key"), key).unwrap();
        for _ in 0..3 {
            protection.0.look();
            assert_eq!((shown(&protection) == first, said("WARN"), said("INFO")), (true, 1, 0));
        }
        fs::write(folder.path().join("a.key"), new_key).unwrap();
        protection.0.look();
        assert_eq!((shown(&protection) == second, said("WARN"), said("INFO")), (true, 1, 1));

        for wrong in [Some("basic_auth_users: {ada: s3cret}"), None] {
            match wrong {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            protection.0.look();
            protection.0.look();
            assert!(shown(&protection) == second);
        }
        assert_eq!((said("WARN"), said("s3cret")), (3, 0), "one for each change");
    }

    #[test]
    fn a_file_without_a_protection_that_is_in_force_leaves_the_old_one_in_force_with_one_warning() {
        const USERS: &str =
            "basic_auth_users: {ada: $2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu}\n";
        const TLS: &str = "tls_server_config: {cert_file: a.pem, key_file: a.key}\n";
        let log = CapturedLog::begin();
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        let path = folder.path().join("web.yml");
        fs::write(&path, [TLS, USERS].concat()).unwrap();
        let protection = Protection::new(path.clone()).unwrap();
        let mut warnings = 0;
        for (text, why) in [
            ("", "would switch off TLS and the login, so the old one stays in force; restart the service"),
            ("# all gone\n", "would switch off TLS and the login, so"),
            (TLS, "would switch off the login, so"),
            (USERS, "would switch off TLS, so"),
            (&format!("{TLS}basic_auth_users:\n"), "basic_auth_users: is empty; name at least one user"),
            (&format!("{USERS}tls_server_config:\n"), "tls_server_config: is empty; name cert_file"),
        ] {
            fs::write(&path, text).unwrap();
            let before = log.count(why);
            protection.0.look();
            protection.0.look();
            warnings += 1;
            assert_eq!((log.count(why), log.count("WARN")), (before + 1, warnings), "{text:?}");
            let rules = protection.0.rules.load();
            assert!(rules.tls.is_some() && rules.users.contains_key("ada"), "{text:?}");
        }
        fs::write(&path, [TLS, &USERS.replace("ada", "bob")].concat()).unwrap();
        protection.0.look();
        assert!(protection.0.rules.load().users.contains_key("bob"), "another user is no loss");
        assert_eq!((log.count("WARN"), log.count("INFO")), (warnings, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_in_force_within_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.yml");
        fs::write(&path, "").unwrap();
        let protection = Protection::new(path.clone()).unwrap();
        fs::write(&path, "rate_limit: {interval: 1s, burst: 1}").unwrap();
        assert!(protection.rules().await.rate.is_none(), "not every request reads files");
        advance(LOOK).await;
        assert!(protection.rules().await.rate.is_some());
    }
}
