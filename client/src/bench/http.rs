//! A keep-alive HTTP/1.1 connection that does no more than the load generator needs: one write, one buffered read, no
//! parsing beyond status, length and the ledger's height. The generator shares two cores with four nodes, so every
//! microsecond it uses is lost to them.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// The response. The body stays in the connection's buffer until the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LightAnswer {
    pub status: u16,
    /// `Huxin-Height`, 0 if absent.
    pub height: u64,
    body_from: usize,
    body_until: usize,
}

/// One connection.
pub struct LightConnection {
    address: String,
    stream: TcpStream,
    output: Vec<u8>,
    input: Vec<u8>,
}

impl LightConnection {
    /// Connects to `host:port`.
    pub async fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream, output: Vec::new(), input: Vec::with_capacity(16 * 1024) })
    }

    /// `GET path`.
    pub async fn get(&mut self, path: &str) -> io::Result<LightAnswer> {
        self.output.clear();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.output.extend_from_slice(head.as_bytes());
        self.exchange().await
    }

    /// `POST path` with bytes.
    pub async fn post(&mut self, path: &str, body: &[u8]) -> io::Result<LightAnswer> {
        self.output.clear();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.output.extend_from_slice(head.as_bytes());
        self.output.extend_from_slice(body);
        self.exchange().await
    }

    /// The body of the latest answer.
    pub fn body(&self, answer: &LightAnswer) -> &[u8] {
        self.input.get(answer.body_from..answer.body_until).unwrap_or_default()
    }

    async fn exchange(&mut self) -> io::Result<LightAnswer> {
        self.stream.write_all(&self.output).await?;
        self.input.clear();
        loop {
            if let Some(answer) = parse(&self.input)?
                && self.input.len() >= answer.body_until
            {
                return Ok(answer);
            }
            if self.input.len() > ANSWER_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too long"));
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Reads the head once it is complete.
fn parse(input: &[u8]) -> io::Result<Option<LightAnswer>> {
    let Some(end) = find(input, b"\r\n\r\n") else { return Ok(None) };
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let head = std::str::from_utf8(input.get(..end).unwrap_or_default()).map_err(|_| bad("the head is not text"))?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok());
    let mut answer = LightAnswer {
        status: status.ok_or_else(|| bad("no status"))?,
        height: 0,
        body_from: end + 4,
        body_until: end + 4,
    };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            let length: usize = value.trim().parse().map_err(|_| bad("Content-Length is not a number"))?;
            answer.body_until = answer.body_from.saturating_add(length);
        } else if name.eq_ignore_ascii_case("huxin-height") {
            answer.height = value.trim().parse().unwrap_or(0);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(bad("the answer has no length"));
        }
    }
    Ok(Some(answer))
}

/// Position of `needle` in `haystack`.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn heads_are_read_only_when_complete() {
        let text = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nhuxin-height: 9\r\n\r\nabc";
        assert_eq!(parse(&text[..30]).unwrap(), None);
        let answer = parse(text).unwrap().unwrap();
        assert_eq!((answer.status, answer.height, &text[answer.body_from..answer.body_until]), (200, 9, &b"abc"[..]));
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
