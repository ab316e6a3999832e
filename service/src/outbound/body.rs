//! Bodies of answers: never longer than the caller reads, compressed or not.

use std::{
    error::Error,
    io::{self, ErrorKind, Write},
};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::{
    Response,
    body::Body,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap},
};

use super::{Failure, classify, classify_cause};

/// The whole body, when it has at most `limit` bytes before and after decompression. Of the
/// encodings, gzip is understood; a request that wants it names it in `Accept-Encoding`.
///
/// # Errors
/// [`Failure::TooLarge`] as soon as more than `limit` bytes have come, received or
/// decompressed, or how reading failed.
pub async fn read_body(response: reqwest::Response, limit: usize) -> Result<Bytes, Failure> {
    let (parts, body) = Response::<reqwest::Body>::from(response).into_parts();
    collect(&parts.headers, body, limit).await
}

/// The same for a `body` that came after these `headers`.
///
/// # Errors
/// As [`read_body`].
pub async fn collect<B>(headers: &HeaderMap, mut body: B, limit: usize) -> Result<Bytes, Failure>
where
    B: Body<Data = Bytes, Error: Error + 'static> + Unpin,
{
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) {
        return Err(Failure::TooLarge);
    }
    let mut decoded = Decoded::new(headers, limit);
    // Not only what comes out: gzip members without content may come for ever.
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| classify_body(&error))?;
        if let Some(chunk) = frame.data_ref() {
            received += chunk.len();
            if received > limit {
                return Err(Failure::TooLarge);
            }
            decoded.take_in(chunk)?;
        }
    }
    // An error status may name an encoding and have no body.
    if received == 0 { Ok(Bytes::new()) } else { decoded.whole() }
}

fn classify_body(error: &(dyn Error + 'static)) -> Failure {
    match error.downcast_ref::<reqwest::Error>() {
        Some(error) => classify(error),
        None => classify_cause(error, Failure::Connect),
    }
}

/// What has come so far, decompressed.
enum Decoded {
    Plain(Limited),
    /// Any number of members, one after the other (RFC 1952, 2.2).
    Gzip(Box<MultiGzDecoder<Limited>>),
}

impl Decoded {
    fn new(headers: &HeaderMap, limit: usize) -> Self {
        let bytes = Limited { bytes: Vec::new(), limit };
        // Names of codings have no case, and x-gzip is another one for gzip (RFC 9110, 8.4.1).
        let is_gzip = headers.get(CONTENT_ENCODING).is_some_and(|coding| {
            let coding = coding.as_bytes().trim_ascii();
            coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
        });
        if is_gzip { Self::Gzip(Box::new(MultiGzDecoder::new(bytes))) } else { Self::Plain(bytes) }
    }

    fn take_in(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        let written = match self {
            Self::Plain(bytes) => bytes.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
        };
        written.map_err(|error| why(&error))
    }

    fn whole(self) -> Result<Bytes, Failure> {
        let done = match self {
            Self::Plain(done) => done,
            Self::Gzip(decoder) => decoder.finish().map_err(|error| why(&error))?,
        };
        Ok(done.bytes.into())
    }
}

fn why(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::FileTooLarge { Failure::TooLarge } else { Failure::Malformed }
}

/// Takes so many bytes and no more.
struct Limited {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Limited {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > self.limit {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use http_body_util::Full;
    use hyper::{body::Frame, header::HeaderValue};
    use std::{convert::Infallible, pin::Pin, task::Poll};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    async fn read(coding: &'static str, body: Vec<u8>) -> Result<String, Failure> {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))]);
        let whole = collect(&headers, Full::from(body.clone()), 100).await;
        // However it is cut into pieces, it is the same.
        let pieces: Vec<_> = body.chunks(1).map(Bytes::copy_from_slice).collect();
        let cut = collect(&headers, in_pieces(pieces), 100).await;
        assert_eq!(whole, cut);
        whole.map(|bytes| String::from_utf8(bytes.into()).unwrap())
    }

    fn in_pieces(
        pieces: impl IntoIterator<Item = Bytes, IntoIter: Unpin>,
    ) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        struct Pieces<I>(I);
        impl<I: Iterator<Item = Bytes> + Unpin> Body for Pieces<I> {
            type Data = Bytes;
            type Error = Infallible;
            fn poll_frame(
                mut self: Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
            }
        }
        Pieces(pieces.into_iter())
    }

    #[tokio::test]
    async fn a_body_is_read_as_its_encoding_says() {
        let two_members = [gzip(b"0x"), gzip(b"10")].concat();
        for (coding, body, want) in [
            ("identity", b"0x10".to_vec(), Ok("0x10")),
            ("gzip", gzip(b"0x10"), Ok("0x10")),
            ("GZIP", gzip(b"0x10"), Ok("0x10")),
            (" x-Gzip", gzip(b"0x10"), Ok("0x10")),
            ("gzip", two_members, Ok("0x10")),
            ("gzip", Vec::new(), Ok("")),
            ("gzip", b"0x10".to_vec(), Err(Failure::Malformed)),
            ("gzip", gzip(b"0x10")[..15].to_vec(), Err(Failure::Malformed)),
            ("identity", vec![b'x'; 101], Err(Failure::TooLarge)),
            ("gzip", gzip(&[b'x'; 101]), Err(Failure::TooLarge)),
            ("gzip", gzip(&[b'x'; 100_000_000]), Err(Failure::TooLarge)),
        ] {
            assert_eq!(read(coding, body).await.as_deref(), want.as_ref().copied(), "{coding}");
        }
    }

    #[tokio::test]
    async fn members_without_content_do_not_come_for_ever() {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
        let (member, mut sent) = (Bytes::from(gzip(b"")), 0);
        let pieces = std::iter::repeat_n(member.clone(), 10_000).inspect(|_| sent += 1);
        assert_eq!(collect(&headers, in_pieces(pieces), 100).await, Err(Failure::TooLarge));
        assert_eq!(sent, 100 / member.len() + 1);
    }
}
