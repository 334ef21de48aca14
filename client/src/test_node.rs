//! A node that answers with what a test tells it to.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A listening node. It ends with the test's runtime.
pub struct TestNode {
    pub url: String,
    /// First lines of the requests so far, such as `GET /v1/status HTTP/1.1`.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl TestNode {
    /// A node that answers every path with the body that `answer` gives for it.
    pub async fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    let mut chunk = [0; 1024];
                    let length = stream.read(&mut chunk).await.unwrap();
                    assert!(length > 0, "a request is cut short");
                    request.extend_from_slice(&chunk[..length]);
                }
                let text = String::from_utf8(request).unwrap();
                let line = text.lines().next().unwrap().to_owned();
                let body = answer(line.split(' ').nth(1).unwrap());
                seen.lock().push(line);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(body.as_bytes()).await.unwrap();
            }
        });
        Self { url, asked }
    }
}
