//! REST as plainly as it goes over the wire, so that a story can also send what no client would.

use suban_runtime::Service;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::City;

/// What the gateway answered.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// The lines before the body, in lower case.
    pub head: String,
    /// Body as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e} in {self:?}"))
    }
}

impl City {
    /// Asks the gateway.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        get(self, path, token).await
    }

    /// Asks the gateway as a part of this trace.
    pub async fn traced_get(&self, path: &str, token: &str, trace: u128) -> Answer {
        let headers = format!("{}traceparent: 00-{trace:032x}-b7ad6b7169203331-01\r\n", bearer(Some(token)));
        send(self, "GET", path, &headers, "", b"").await
    }

    /// Posts a file as it is.
    pub async fn upload(&self, path: &str, token: Option<&str>, file: &[u8]) -> Answer {
        post(self, path, token, "application/octet-stream", file).await
    }

    /// Posts JSON, or what claims to be it.
    pub async fn post(&self, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
        post(self, path, token, "application/json", body).await
    }
}

pub(crate) async fn get(city: &City, path: &str, token: Option<&str>) -> Answer {
    send(city, "GET", path, &bearer(token), "", b"").await
}

pub(crate) async fn post(city: &City, path: &str, token: Option<&str>, kind: &str, body: &[u8]) -> Answer {
    send(city, "POST", path, &bearer(token), kind, body).await
}

fn bearer(token: Option<&str>) -> String {
    token.map(|t| format!("authorization: Bearer {t}\r\n")).unwrap_or_default()
}

async fn send(city: &City, method: &str, path: &str, headers: &str, kind: &str, body: &[u8]) -> Answer {
    let mut line = TcpStream::connect(city.address(Service::Gateway)).await.unwrap();
    let kind = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: suban\r\nconnection: close\r\n{headers}{kind}content-length: {}\r\n\r\n",
        body.len()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    // A body that is too large may be refused before it is read to its end.
    let _ = line.write_all(body).await;
    let mut answer = Vec::new();
    let _ = line.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("{head}"));
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// Is the process behind this operations face ready?
pub(crate) async fn ready(ops: std::net::SocketAddr) -> bool {
    let asked = async {
        let mut line = TcpStream::connect(ops).await?;
        line.write_all(b"GET /readyz HTTP/1.1\r\nhost: suban\r\nconnection: close\r\n\r\n").await?;
        let mut answer = [0; 12];
        line.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer == *b"HTTP/1.1 200")
    };
    asked.await.unwrap_or(false)
}
