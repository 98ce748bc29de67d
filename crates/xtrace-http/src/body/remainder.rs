//! Reads to the end what a refused body still has, so that its sender gets to hear why.
//!
//! A server that answers and closes while the sender is still sending makes the connection reset, and with it the
//! answer is often lost. What it deliberately does not do: read on for ever; the sender of a body without end is cut
//! off.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures::{Stream, StreamExt as _};

/// Bytes read and thrown away before a sender is cut off.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long that may take.
const DISCARDING_TIMEOUT: Duration = Duration::from_secs(10);

/// A body as a stream; what is left of it when it is dropped is read and thrown away.
pub struct Remainder {
    /// None once it has ended.
    stream: Option<BodyDataStream>,
    /// A sender that waits for a word before it sends should get the answer instead.
    is_awaited: bool,
}

impl Remainder {
    pub fn new(body: Body, is_awaited: bool) -> Self {
        Self {
            stream: Some(body.into_data_stream()),
            is_awaited,
        }
    }
}

impl Stream for Remainder {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(stream) = &mut this.stream else {
            return Poll::Ready(None);
        };
        this.is_awaited = false;
        let next = ready!(stream.poll_next_unpin(cx));
        if !matches!(next, Some(Ok(_))) {
            this.stream = None;
        }
        Poll::Ready(next)
    }
}

impl Drop for Remainder {
    fn drop(&mut self) {
        let Some(stream) = self.stream.take().filter(|_| !self.is_awaited) else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DISCARDING_TIMEOUT, discard(stream)));
        }
    }
}

async fn discard(mut stream: BodyDataStream) {
    let mut discarded = 0;
    while let Some(Ok(bytes)) = stream.next().await {
        discarded += bytes.len();
        if discarded > DISCARDED_BYTES_MAX {
            return;
        }
    }
}
