//! A connection whose reader must go on reading.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::bounds::Pace;

/// A stream that fails with [`io::ErrorKind::TimedOut`] once its reader is slower than `pace`.
pub(crate) struct Paced<S> {
    stream: S,
    pace: Pace,
    /// Since the first write that had to wait, until everything is written.
    waiting: Option<Waiting>,
}

struct Waiting {
    begun: Instant,
    written: u64,
    timer: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub(crate) fn new(stream: S, pace: Pace) -> Self {
        Self { stream, pace, waiting: None }
    }

    fn written(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(length)) => {
                if let Some(waiting) = &mut self.waiting {
                    waiting.written = waiting.written.saturating_add(u64::try_from(*length).unwrap_or(u64::MAX));
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let begun = Instant::now();
                let grace = self.pace.grace;
                let waiting = self.waiting.get_or_insert_with(|| Waiting {
                    begun,
                    written: 0,
                    timer: Box::pin(sleep_until(begun + grace)),
                });
                let deadline = waiting.begun + self.pace.allowed(waiting.written);
                if waiting.timer.deadline() != deadline {
                    waiting.timer.as_mut().reset(deadline);
                }
                if waiting.timer.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is not read")));
                }
            }
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Asked for once all is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.waiting = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const PACE: Pace = Pace { grace: Duration::from_millis(500), bytes_per_s: 64_000 };

    #[tokio::test]
    async fn a_reader_that_stops_is_given_up() {
        let (near, _far) = tokio::io::duplex(64);
        let begun = Instant::now();
        let error = Paced::new(near, PACE).write_all(&[7; 65]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= PACE.grace, "{:?}", begun.elapsed());
    }

    /// Each takes longer than the grace; only one of them earns it.
    #[tokio::test]
    async fn a_slow_reader_earns_time_and_a_slower_one_does_not() {
        for (pause_ms, bytes_per_s, is_served) in [(10, 2_000, true), (30, 64_000, false)] {
            let pace = Pace { bytes_per_s, ..PACE };
            let (near, mut far) = tokio::io::duplex(64);
            let reading = tokio::spawn(async move {
                let mut piece = [0; 64];
                while far.read(&mut piece).await.unwrap() > 0 {
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                }
            });
            let written = {
                let mut paced = Paced::new(near, pace);
                paced.write_all(&[7; 64 * 100]).await
            };
            assert_eq!(written.is_ok(), is_served, "{written:?}");
            reading.await.unwrap();
        }
    }
}
