//! `POST /alerts`: who may hand in a webhook, and what is answered.

use std::{hint::black_box, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::{Bytes, BytesMut};
use headlag_service::server::{Reply, plain};
use http_body_util::BodyExt;
use hyper::{
    Method, Request, StatusCode,
    body::Incoming,
    header::{ALLOW, AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{timeout, timeout_at};

use super::{
    delivery::Dispatch,
    webhook::{LIMIT, Webhook},
};
use crate::{
    clock,
    metrics::alerts::{AlertMetrics, WebhookResult},
};

/// An answer comes within ten seconds, also where the chats take longer.
const ANSWER: Duration = Duration::from_secs(9);
/// The body has to come within so long.
const BODY: Duration = Duration::from_secs(5);
/// Of a body that is too long, so much is read and dropped, so that the caller sees the answer.
const DROPPED: usize = 16 << 20;

/// Where webhooks come in.
pub struct Intake {
    secret: ArcSwap<SecretString>,
    dispatch: Dispatch,
    metrics: AlertMetrics,
}

impl Intake {
    /// Hands the webhooks of those who know `secret` to `dispatch`.
    #[must_use]
    pub fn new(secret: SecretString, dispatch: Dispatch, metrics: AlertMetrics) -> Self {
        Self { secret: ArcSwap::from_pointee(secret), dispatch, metrics }
    }

    /// Takes the webhooks of those who know `secret` from now on.
    pub fn renew(&self, secret: SecretString) {
        self.secret.store(Arc::new(secret));
    }

    /// Answers one request to `/alerts`.
    pub async fn answer(&self, request: Request<Incoming>) -> Reply {
        if request.method() != Method::POST {
            return with(plain(StatusCode::METHOD_NOT_ALLOWED, "only POST\n"), ALLOW, "POST");
        }
        let begin = clock::now();
        let is_known = self.is_known(&request);
        // Read in any case: a connection that is closed under a body loses the answer.
        let body = timeout(BODY, read(request.into_body())).await;
        if !is_known {
            self.metrics.webhook(WebhookResult::Unauthorized);
            let reply = plain(
                StatusCode::UNAUTHORIZED,
                "the secret is missing or wrong; send Authorization: Bearer with the content of \
                 --alerts.secret-file\n",
            );
            return with(reply, WWW_AUTHENTICATE, "Bearer");
        }
        let body = match body {
            Ok(Ok(body)) => body,
            Ok(Err(BodyError::TooLarge)) => {
                self.metrics.webhook(WebhookResult::TooLarge);
                return plain(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the body is larger than 1 MiB; set max_alerts in Alertmanager's webhook_configs\n",
                );
            }
            Ok(Err(BodyError::Broken)) | Err(_) => {
                self.metrics.webhook(WebhookResult::Malformed);
                return plain(StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n");
            }
        };
        let webhook = match Webhook::read(&body) {
            Ok(webhook) => webhook,
            Err(refused) => {
                self.metrics.webhook(WebhookResult::Malformed);
                tracing::warn!("refused a webhook: {refused}");
                return plain(StatusCode::BAD_REQUEST, format!("{refused}\n"));
            }
        };
        if let Some(first) = webhook.unreadable.first() {
            self.metrics.unreadable(webhook.unreadable.len());
            let count = webhook.unreadable.len();
            tracing::warn!(count, "a webhook holds alerts that cannot be read; of the first, {first}");
        }
        let truncated = webhook.truncated;
        let delivered = timeout_at((begin + ANSWER).into(), self.dispatch.to_all(webhook)).await;
        if delivered == Ok(true) {
            self.metrics.webhook(WebhookResult::Ok);
            self.metrics.truncated(truncated);
            return plain(StatusCode::OK, "delivered\n");
        }
        self.metrics.webhook(WebhookResult::Retry);
        let reply =
            plain(StatusCode::SERVICE_UNAVAILABLE, "a chat has not got the alerts yet; send them again\n");
        with(reply, RETRY_AFTER, "5")
    }

    fn is_known(&self, request: &Request<Incoming>) -> bool {
        let header = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let Some((scheme, given)) = header.split_at_checked(7) else { return false };
        scheme.eq_ignore_ascii_case(b"bearer ")
            && is_same(given, self.secret.load().expose_secret().as_bytes())
    }
}

/// Compares in a time that depends on the lengths alone, so that a secret cannot be found byte by
/// byte.
fn is_same(given: &[u8], secret: &[u8]) -> bool {
    let differences = given.iter().zip(secret).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
    given.len() == secret.len() && differences == 0
}

enum BodyError {
    TooLarge,
    Broken,
}

/// The body, of which no more than [`LIMIT`] is kept.
async fn read(mut body: Incoming) -> Result<Bytes, BodyError> {
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        length += part.len();
        if length <= LIMIT {
            kept.extend_from_slice(&part);
        } else if length > DROPPED {
            break;
        }
    }
    if length > LIMIT { Err(BodyError::TooLarge) } else { Ok(kept.freeze()) }
}

fn with(mut reply: Reply, name: hyper::header::HeaderName, value: &'static str) -> Reply {
    reply.headers_mut().insert(name, HeaderValue::from_static(value));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_is_the_same() {
        for (given, want) in
            [("s3cret", true), ("s3cres", false), ("s3cre", false), ("s3cret2", false), ("", false)]
        {
            assert_eq!(is_same(given.as_bytes(), b"s3cret"), want, "{given}");
        }
    }
}
