//! Who may log in: basic authentication that withstands a storm of guesses.
//!
//! bcrypt is slow on purpose. So passwords are compared one at a time and beside the runtime,
//! both outcomes are remembered, and of each host only one request waits for its comparison, the
//! others wait behind it. Who has logged in before is let in without waiting.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderValue},
};
use ring::{
    error::Unspecified,
    hmac::{self, HMAC_SHA256},
    rand::SystemRandom,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::password::PasswordHash;

/// More right passwords than there are users are of no use.
const MAX_RIGHT: usize = 256;
/// Wrong ones that come again and again, as from a scraper whose password was changed.
const MAX_WRONG: usize = 1024;

/// Users by name, with their passwords.
pub type Users = BTreeMap<String, PasswordHash>;

/// What has been compared so far.
pub struct Logins {
    /// One comparison at a time.
    turn: Arc<Semaphore>,
    /// Passwords are remembered by a keyed hash, never as they are.
    key: hmac::Key,
    known: Mutex<Known>,
}

struct Known {
    right: Recent,
    wrong: Recent,
}

/// The newest of what was seen, no more than its limit.
struct Recent {
    limit: usize,
    order: VecDeque<[u8; 32]>,
    members: HashSet<[u8; 32]>,
}

impl Logins {
    /// Nothing has been compared yet.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> Result<Self, Unspecified> {
        Ok(Self {
            turn: Arc::new(Semaphore::new(1)),
            key: hmac::Key::generate(HMAC_SHA256, &SystemRandom::new())?,
            known: Mutex::new(Known { right: Recent::new(MAX_RIGHT), wrong: Recent::new(MAX_WRONG) }),
        })
    }

    /// Whether a request with `headers` comes from one of `users`. `host` is what its host's
    /// requests share to wait for their turn.
    pub async fn is_one_of(&self, users: &Users, headers: &HeaderMap, host: &Semaphore) -> bool {
        let Some((name, password)) = credentials(headers) else { return false };
        // An unknown user costs as much as a known one, so that no name can be found out.
        let Some((is_user, hash)) =
            users.get(&name).map(|hash| (true, hash)).or_else(|| Some((false, self.stand_in(users, &name)?)))
        else {
            return false;
        };
        let digest = self.digest(is_user, hash, &name, &password);
        if let Some(outcome) = self.known().outcome(&digest) {
            return outcome;
        }
        let _of_host = host.acquire().await;
        // Another request with the same password may have been first.
        if let Some(outcome) = self.known().outcome(&digest) {
            return outcome;
        }
        // Never closed, so it always comes.
        let turn = self.turn.clone().acquire_owned().await;
        let hash = hash.clone();
        let compared = spawn_blocking(move || {
            let is_right = hash.matches(&password);
            // Here, not in the task: the comparison goes on when the client hangs up.
            drop(turn);
            is_right
        });
        let is_right = compared.await.unwrap_or(false) && is_user;
        self.known().remember(digest, is_right);
        is_right
    }

    /// The hash that is compared for a user who does not exist: always the same for one name.
    fn stand_in<'a>(&self, users: &'a Users, name: &str) -> Option<&'a PasswordHash> {
        let tag = hmac::sign(&self.key, name.as_bytes());
        let number = usize::from(*tag.as_ref().first()?);
        users.values().nth(number % users.len().max(1))
    }

    fn digest(&self, is_user: bool, hash: &PasswordHash, name: &str, password: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[is_user.into()]);
        context.update(&hash.bytes());
        context.update(&(name.len() as u64).to_be_bytes());
        context.update(name.as_bytes());
        context.update(password);
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn outcome(&self, digest: &[u8; 32]) -> Option<bool> {
        if self.right.members.contains(digest) {
            return Some(true);
        }
        self.wrong.members.contains(digest).then_some(false)
    }

    fn remember(&mut self, digest: [u8; 32], is_right: bool) {
        let kind = if is_right { &mut self.right } else { &mut self.wrong };
        kind.insert(digest);
    }
}

impl Recent {
    fn new(limit: usize) -> Self {
        Self { limit, order: VecDeque::new(), members: HashSet::new() }
    }

    fn insert(&mut self, digest: [u8; 32]) {
        if !self.members.insert(digest) {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.members.remove(&oldest);
        }
    }
}

/// Name and password of `Authorization: Basic` (RFC 7617).
pub fn credentials(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let header = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)?;
    let (scheme, encoded) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let mut pair = BASE64.decode(encoded.trim_ascii()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let password = pair.split_off(colon + 1);
    pair.truncate(colon);
    Some((String::from_utf8(pair).ok()?, password))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::Future, pin::pin, task::Poll};

    /// Of `s3cret`.
    const HASH: &str = "$2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu";

    fn users() -> Users {
        [("ada".to_owned(), PasswordHash::parse(HASH).unwrap())].into()
    }

    fn basic(pair: &str) -> HeaderMap {
        let value = format!("Basic {}", BASE64.encode(pair)).parse().unwrap();
        HeaderMap::from_iter([(AUTHORIZATION, value)])
    }

    #[tokio::test]
    async fn a_user_with_the_right_password_gets_in() {
        let (logins, users, host) = (Logins::new().unwrap(), users(), Semaphore::new(1));
        // Twice: the second time from memory.
        for _ in 0..2 {
            for (pair, want) in [
                ("ada:s3cret", true),
                ("ada:s3cret2", false),
                ("ada:", false),
                ("ada", false),
                ("", false),
                ("bob:s3cret", false),
                ("Ada:s3cret", false),
            ] {
                assert_eq!(logins.is_one_of(&users, &basic(pair), &host).await, want, "{pair}");
            }
        }
        for header in ["Basic", "Basic ???", "Bearer YWRhOnMzY3JldA==", "basic YWRhOnMzY3JldA== x"] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
            assert!(!logins.is_one_of(&users, &headers, &host).await, "{header}");
        }
        assert!(!logins.is_one_of(&users, &HeaderMap::new(), &host).await);
        let other: Users =
            [("ada".to_owned(), PasswordHash::parse(&HASH.replace("SWu", "SWe")).unwrap())].into();
        assert!(
            !logins.is_one_of(&other, &basic("ada:s3cret"), &host).await,
            "a new password counts at once"
        );
    }

    #[tokio::test]
    async fn a_storm_of_guesses_holds_up_nobody_who_has_logged_in_and_is_forgotten() {
        let (logins, users) = (Logins::new().unwrap(), users());
        let [ours, theirs] = [Semaphore::new(1), Semaphore::new(1)];
        assert!(logins.is_one_of(&users, &basic("ada:s3cret"), &ours).await);
        // A comparison that takes for ever.
        let busy = logins.turn.clone().acquire_owned().await.unwrap();
        let (guess, another) = (basic("ada:guess"), basic("bob:guess"));
        let mut waiting = pin!(logins.is_one_of(&users, &guess, &theirs));
        let mut behind = pin!(logins.is_one_of(&users, &another, &theirs));
        let poll = async |mut future: std::pin::Pin<&mut dyn Future<Output = bool>>| {
            std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
        };
        assert!(poll(waiting.as_mut()).await && poll(behind.as_mut()).await, "guesses wait");
        assert_eq!(theirs.available_permits(), 0, "of their host only one is next");
        assert!(logins.is_one_of(&users, &basic("ada:s3cret"), &theirs).await, "without waiting");
        drop(busy);
        assert!(!waiting.await && !behind.await);

        for number in 0..u32::try_from(MAX_WRONG).unwrap() * 2 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_be_bytes());
            logins.known().remember(digest, false);
        }
        let known = logins.known();
        assert_eq!((known.wrong.members.len(), known.wrong.order.len()), (MAX_WRONG, MAX_WRONG));
        assert_eq!(known.right.members.len(), 1, "guesses push out no right password");
    }
}
