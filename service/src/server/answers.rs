//! How much memory answers may hold until their clients have taken them: clients that ask and do
//! not read must not fill it, however many they are.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::reply::{Reply, plain};

/// Of all answers together: a scrape of 10,000 nodes several times over.
const LIMIT: usize = 128 << 20;
/// Smaller answers do not count, so that those on health are always given.
const SMALL: usize = 16 << 10;
/// What is counted in, since a semaphore counts to a few thousand millions only.
const PORTION: usize = 1 << 10;

/// The answers that are under way.
#[derive(Debug, Clone)]
pub struct Answers(Arc<Semaphore>);

/// An answer's body, which makes room when it is dropped.
struct Held {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answers {
    /// None yet.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(LIMIT / PORTION)))
    }

    /// `reply` with a body that counts until it is sent, or a refusal where too many wait.
    pub async fn hold(&self, reply: Reply) -> Reply {
        let (head, body) = reply.into_parts();
        let Ok(body) = body.collect().await;
        let bytes = body.to_bytes();
        if bytes.len() <= SMALL {
            return Response::from_parts(head, Full::new(bytes));
        }
        // One that is larger than the limit is sent when it is alone.
        let portions = bytes.len().div_ceil(PORTION).min(LIMIT / PORTION);
        let room = u32::try_from(portions)
            .ok()
            .and_then(|portions| self.0.clone().try_acquire_many_owned(portions).ok());
        match room {
            Some(room) => {
                let held = Held { bytes, _room: room };
                Response::from_parts(head, Full::new(Bytes::from_owner(held)))
            }
            None => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many answers wait for clients that do not read them; ask again later\n",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_that_nobody_takes_do_not_fill_the_memory() {
        let answers = Answers::new();
        let large = async || answers.hold(plain(StatusCode::OK, vec![b'x'; LIMIT / 4])).await;
        let mut waiting = Vec::new();
        for _ in 0..4 {
            waiting.push(large().await);
        }
        assert!(waiting.iter().all(|reply| reply.status() == StatusCode::OK));
        assert_eq!(large().await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answers.hold(plain(StatusCode::OK, "healthy")).await.status(), StatusCode::OK);
        let taken = waiting.pop().unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(taken.len(), LIMIT / 4);
        drop(taken);
        assert_eq!(large().await.status(), StatusCode::OK);
    }
}
