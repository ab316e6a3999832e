//! How much is read of one answer, whatever it is wrapped in.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tcp::Stream;

/// The most that is read of an answer, its headers and chunks included: twice the longest body.
/// Without it, chunk sizes of endless zeros and interim responses would be read until the deadline.
const MOST_BYTES: usize = 2 << 20;

/// What may still be read from a connection before the next request.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// That of one answer, and `stream` as far as it goes.
    pub fn on(stream: Stream) -> (Self, Allowed) {
        let left = Self(Arc::new(AtomicUsize::new(MOST_BYTES)));
        (left.clone(), Allowed { stream, left })
    }

    /// Allows another answer.
    pub fn renew(&self) {
        self.0.store(MOST_BYTES, Relaxed);
    }
}

/// A connection from which no more is read than its allowance.
pub struct Allowed {
    stream: Stream,
    left: Allowance,
}

impl AsyncRead for Allowed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let left = self.left.0.load(Relaxed).checked_sub(buffer.filled().len() - before);
        match left {
            Some(left) => {
                self.left.0.store(left, Relaxed);
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Err(io::ErrorKind::FileTooLarge.into())),
        }
    }
}

impl AsyncWrite for Allowed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
