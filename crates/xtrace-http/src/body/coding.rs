//! Content codings: what `Content-Encoding` may say, and bodies without them.

use std::io::Error as IoError;
use std::pin::Pin;

use async_compression::tokio::bufread::{DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use futures::TryStreamExt as _;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio_util::io::StreamReader;

use super::remainder::Remainder;
use crate::error::ApiError;

/// More codings than this on one body are nobody's intention.
const CODINGS_MAX: usize = 3;
/// A zstd body may ask for a window of this many bytes, as a power of two: 8 MiB, the most that RFC 9659 allows.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const SUPPORTED: &str = "gzip, zstd, deflate";

/// A body as it is read: without its codings.
pub type Reader = Pin<Box<dyn AsyncRead + Send>>;
type Buffered = Pin<Box<dyn AsyncBufRead + Send>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Zstd,
    Deflate,
}

/// The body without the codings that the headers name. Memory stays bounded whatever the body unfolds to.
///
/// # Errors
/// A coding is not supported, or the body does not begin as its codings do.
pub async fn decoded(headers: &HeaderMap, body: Remainder) -> Result<Reader, ApiError> {
    let stream = body.map_err(IoError::other);
    let mut reader: Buffered = Box::pin(StreamReader::new(stream));
    // They were applied in the order they are named, so the last is undone first.
    for coding in codings(headers)?.into_iter().rev() {
        reader = Box::pin(BufReader::new(undo(coding, reader).await?));
    }
    Ok(reader)
}

fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, ApiError> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let text = value.to_str().map_err(|_| unsupported("?"))?;
        for name in text.split(',').map(|name| name.trim().to_ascii_lowercase()) {
            match name.as_str() {
                "" | "identity" => {}
                "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                "zstd" => codings.push(Coding::Zstd),
                "deflate" => codings.push(Coding::Deflate),
                other => return Err(unsupported(other)),
            }
        }
    }
    if codings.len() > CODINGS_MAX {
        let found = codings.len();
        let message = format!("the body has {found} content codings; the limit is {CODINGS_MAX}");
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    Ok(codings)
}

fn unsupported(name: &str) -> ApiError {
    let message =
        format!("the content encoding {name:?} is not supported; send {SUPPORTED}, or none");
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
        .header(ACCEPT_ENCODING, HeaderValue::from_static(SUPPORTED))
}

async fn undo(coding: Coding, mut reader: Buffered) -> Result<Reader, ApiError> {
    Ok(match coding {
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Coding::Zstd => {
            let window = DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX);
            let mut decoder = ZstdDecoder::with_params(reader, &[window]);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Coding::Deflate => {
            let start = reader
                .fill_buf()
                .await
                .map_err(|error| super::unreadable(&error))?;
            // The standard says zlib; some clients send what zlib wraps.
            if is_zlib(start) {
                Box::pin(ZlibDecoder::new(reader))
            } else {
                Box::pin(DeflateDecoder::new(reader))
            }
        }
    })
}

/// By the two bytes of a zlib header (RFC 1950): the method, and a check over both. A first chunk of one byte is
/// judged by the method alone.
fn is_zlib(start: &[u8]) -> bool {
    match start {
        [] => true,
        [method] => method & 0x0f == 8,
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Result<&[Coding], &str>) {
        let headers =
            HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap())]);
        match (codings(&headers), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{value}"),
            (Err(error), Err(part)) => assert!(format!("{error:?}").contains(part), "{error:?}"),
            (found, _) => panic!("{value}: {found:?}"),
        }
    }

    #[test]
    fn codings_are_named_in_any_case_and_may_be_stacked() {
        check("gzip", Ok(&[Coding::Gzip]));
        check("GZIP", Ok(&[Coding::Gzip]));
        check("x-gzip", Ok(&[Coding::Gzip]));
        check("identity", Ok(&[]));
        check("", Ok(&[]));
        check("zstd, identity, gzip", Ok(&[Coding::Zstd, Coding::Gzip]));
        check("deflate", Ok(&[Coding::Deflate]));
        check(
            "br",
            Err("br\\\" is not supported; send gzip, zstd, deflate, or none"),
        );
        check(
            "gzip,gzip,gzip,gzip",
            Err("4 content codings; the limit is 3"),
        );
    }
}
