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

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The most that is read for an answer, with headers, chunks and what TLS and proxies add: twice the
/// longest body. Without it, chunk sizes of endless zeros and interim responses would be read until
/// the deadline.
const MOST_BYTES: usize = 2 << 20;

/// What may still be read of a server before the next request.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// That of one answer.
    pub fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(MOST_BYTES)))
    }

    /// `stream` as far as it goes.
    pub fn over(&self, stream: TcpStream) -> Allowed {
        Allowed { stream, left: self.clone() }
    }

    /// Allows another answer.
    pub fn renew(&self) {
        self.0.store(MOST_BYTES, Relaxed);
    }
}

/// A connection from which no more is read than its allowance.
pub struct Allowed {
    stream: TcpStream,
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
