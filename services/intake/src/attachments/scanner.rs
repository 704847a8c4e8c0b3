//! A virus scanner that speaks clamd's protocol (INSTREAM): the bytes in parts, then a line that says what it found.

use std::{io, time::Duration};

use suban_runtime::settings::Attachments;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Bytes of one part.
const PART: usize = 256 * 1024;
/// Longest answer that is read.
const ANSWER: u64 = 1024;
/// Longest name of a virus that is kept.
const NAME: usize = 100;

/// What the scanner said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It found nothing.
    Clean,
    /// It found something of this name.
    Found(String),
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoVerdict {
    /// It cannot be reached, or hung up.
    #[error("the scanner cannot be asked: {0}; see attachments.scanner")]
    Away(#[from] io::Error),
    /// It took too long.
    #[error("the scanner did not answer within {0:?}; see attachments.scanner_timeout")]
    Late(Duration),
    /// It could not scan, or answered something else.
    #[error("the scanner gave no verdict: {0:?}; see its own log, and its StreamMaxLength")]
    Refused(String),
}

/// Where it is.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    address: String,
    patience: Duration,
}

impl Scanner {
    /// The scanner of the settings; `None` where none is set.
    pub(crate) fn of(settings: &Attachments) -> Option<Self> {
        (!settings.scanner.is_empty())
            .then(|| Self { address: settings.scanner.clone(), patience: settings.scanner_timeout })
    }

    /// Asks about these bytes.
    pub(crate) async fn scan(&self, bytes: &[u8]) -> Result<Verdict, NoVerdict> {
        timeout(self.patience, self.ask(bytes)).await.map_err(|_| NoVerdict::Late(self.patience))?
    }

    async fn ask(&self, bytes: &[u8]) -> Result<Verdict, NoVerdict> {
        let mut line = TcpStream::connect(&self.address).await?;
        let told = tell(&mut line, bytes).await;
        // It says why it hung up in the middle; so its answer is worth more than the broken line.
        let mut answer = Vec::new();
        let heard = (&mut line).take(ANSWER).read_to_end(&mut answer).await;
        if answer.is_empty() {
            told?;
            heard?;
        }
        read(&answer)
    }
}

async fn tell(line: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    line.write_all(b"zINSTREAM\0").await?;
    for part in bytes.chunks(PART) {
        line.write_u32(u32::try_from(part.len()).map_err(io::Error::other)?).await?;
        line.write_all(part).await?;
    }
    line.write_u32(0).await?;
    line.flush().await
}

/// `stream: OK`, `stream: NAME FOUND`, or a complaint.
fn read(answer: &[u8]) -> Result<Verdict, NoVerdict> {
    let text = String::from_utf8_lossy(answer);
    let text = text.trim_matches(['\0', '\n', '\r', ' ']);
    let said = text.strip_prefix("stream: ").unwrap_or(text);
    if said == "OK" {
        return Ok(Verdict::Clean);
    }
    let plain = |text: &str| text.chars().filter(|c| c.is_ascii_graphic()).take(NAME).collect::<String>();
    match said.strip_suffix(" FOUND") {
        Some(name) => Ok(Verdict::Found(plain(name))),
        None => Err(NoVerdict::Refused(said.chars().filter(|c| !c.is_control()).take(NAME).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_ok_is_clean() {
        assert_eq!(read(b"stream: OK\0").unwrap(), Verdict::Clean);
        assert_eq!(read(b"stream: Eicar-Test FOUND\0").unwrap(), Verdict::Found("Eicar-Test".into()));
        for answer in
            [&b""[..], b"\0", b"stream: OK?", b"INSTREAM size limit exceeded. ERROR\0", b"stream: FOUND", b"OK OK"]
        {
            assert!(matches!(read(answer), Err(NoVerdict::Refused(_))), "{answer:?}");
        }
    }
}
