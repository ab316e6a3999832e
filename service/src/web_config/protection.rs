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
    /// once: it counts as read.
    fn look(&self) {
        let file = &self.file;
        let mut read = lock(&file.read);
        if read.are_unchanged() {
            return;
        }
        let mut files = Files::default();
        match rules::load(&file.path, &mut files) {
            Ok(rules) => {
                self.rules.store(Arc::new(rules));
                tracing::info!(file = %file.path.display(), "read the web config again, since it has changed");
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
    use rcgen::{CertificateParams, KeyPair};
    use std::{fs, io::Write, path::Path};
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

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            lock(&self.0).write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_certificate_that_does_not_match_its_key_leaves_the_old_one_in_force_with_one_warning() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        // Beside a single subscriber, a thread without one could speak for all.
        let _another = tracing::Dispatch::new(tracing_subscriber::registry());
        let _guard = tracing::subscriber::set_default(subscriber);
        let said = |what: &str| String::from_utf8_lossy(&lock(&log.0)).matches(what).count();

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
