//! How long a client may take to send, and to take its answer.
//!
//! hyper's own limit for the head of a request also runs while a kept-alive connection is
//! idle, so that a scraper would have to reconnect for every scrape. Here it runs from the
//! first byte of a request.
#![allow(clippy::disallowed_methods, reason = "an edge: slow peers are cut off by the clock")]

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How far the requests of one connection are: whether one is being answered, and since
/// when that is so.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<Stage>>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Stage {
    is_answering: bool,
    since: Instant,
}

impl Progress {
    /// Nothing has been asked yet.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Stage { is_answering: false, since: Instant::now() })))
    }

    /// A request's head is complete; it is being answered now.
    pub fn begins(&self) {
        *self.stage() = Stage { is_answering: true, since: Instant::now() };
    }

    /// The answer is made.
    pub fn ends(&self) {
        *self.stage() = Stage { is_answering: false, since: Instant::now() };
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a client may take at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte of a request, and for the first request from the beginning of the
    /// connection, to the end of its head.
    pub head: Duration,
    /// Without a byte, between two requests or within a body.
    pub idle: Duration,
    /// From the time an answer is made to its last byte, however steadily the client takes it.
    pub answer: Duration,
}

/// A connection that fails once its client takes longer than allowed.
#[derive(Debug)]
pub struct Paced<S> {
    stream: S,
    progress: Progress,
    seen: Stage,
    limits: Limits,
    is_in_head: bool,
    overdue: Pin<Box<Sleep>>,
    /// The stage for which the time of the answer is set.
    written: Stage,
    untaken: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    /// Limits what is read from `stream`, whose requests report their `progress`.
    pub fn new(stream: S, progress: Progress, limits: Limits) -> Self {
        let (seen, overdue) = (*progress.stage(), Box::pin(sleep(limits.head)));
        let untaken = Box::pin(sleep(limits.answer));
        Self { stream, progress, seen, limits, is_in_head: true, overdue, written: seen, untaken }
    }

    fn allow(&mut self, time: Duration, from: Instant) {
        self.overdue.as_mut().reset(from + time);
    }

    /// What became of writing, or an error where the answer should have been taken long ago.
    fn in_time<T>(&mut self, wrote: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let stage = *self.progress.stage();
        if stage != self.written {
            self.written = stage;
            self.untaken.as_mut().reset(stage.since + self.limits.answer);
        }
        if wrote.is_pending() && !stage.is_answering {
            return self.untaken.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        wrote
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (stage, limits) = (*self.progress.stage(), self.limits);
        // hyper does not read anew when an answer is made, so this may be seen later.
        if stage != self.seen {
            (self.seen, self.is_in_head) = (stage, false);
            self.allow(limits.idle, stage.since);
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            return self.overdue.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        if buf.filled().len() > before {
            if stage.is_answering {
                self.allow(limits.idle, Instant::now());
            } else if !self.is_in_head {
                self.is_in_head = true;
                self.allow(limits.head, Instant::now());
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.in_time(wrote, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.in_time(wrote, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wrote = Pin::new(&mut self.stream).poll_flush(cx);
        self.in_time(wrote, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wrote = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.in_time(wrote, cx)
    }
}
