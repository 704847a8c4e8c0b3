//! A virus scanner that speaks clamd's protocol: nobody sees a file before it has spoken.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use suban_domain::State;
use suban_proto::v1;
use suban_tests::{PATIENCE, Plan, eventually};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tonic::Code;

use super::{NAME, PHONE, add, document, kept, list, read, reason, telephone};
use crate::words;

/// Finds one word. Closed, it hangs up on whoever calls.
#[derive(Clone, Default)]
struct Scanner {
    open: Arc<AtomicBool>,
}

const WORD: &[u8] = b"EICAR-STANDARD-ANTIVIRUS-TEST";

impl Scanner {
    async fn listen(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut calls = tokio::task::JoinSet::new();
        calls.spawn(async move {
            loop {
                let (line, _) = listener.accept().await.unwrap();
                if self.open.load(Ordering::Relaxed) {
                    // One call after the other is enough for a story.
                    let _ = answer(line).await;
                }
            }
        });
        calls.detach_all();
        address
    }
}

async fn answer(mut line: TcpStream) -> std::io::Result<()> {
    let mut begin = [0; 10];
    line.read_exact(&mut begin).await?;
    assert_eq!(&begin, b"zINSTREAM\0");
    let mut bytes = Vec::new();
    loop {
        let length = line.read_u32().await? as usize;
        if length == 0 {
            break;
        }
        let from = bytes.len();
        bytes.resize(from + length, 0);
        line.read_exact(&mut bytes[from..]).await?;
    }
    let found = bytes.windows(WORD.len()).any(|w| w == WORD);
    line.write_all(if found { b"stream: Eicar-Test-Signature FOUND\0" } else { b"stream: OK\0" }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_hidden_until_the_scanner_has_called_it_clean() {
    let scanner = Scanner::default();
    scanner.open.store(true, Ordering::Relaxed);
    let settings = vec![("SUBAN_ATTACHMENTS__SCANNER", scanner.clone().listen().await)];
    Plan { settings, ..Plan::default() }
        .story(async |city| {
            let case = city.citizen(NAME, PHONE).reports(words::RAILING).await;
            city.becomes(&case, State::PendingSign).await;
            let handler = city.unit(words::ROADS).await.handler;
            let clean = add(&handler, "clean", &case, &telephone(9)).await.unwrap().attachment.unwrap();
            assert_eq!(clean.state(), v1::AttachmentState::Clean);
            assert!(read(&handler, &clean.attachment_id, false).await.is_ok());

            let sent = document(std::str::from_utf8(WORD).unwrap());
            let bad = add(&handler, "bad", &case, &sent).await.unwrap().attachment.unwrap();
            assert_eq!((bad.state(), bad.finding.as_str()), (v1::AttachmentState::Infected, "Eicar-Test-Signature"));
            let refused = read(&handler, &bad.attachment_id, false).await.unwrap_err();
            assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "INFECTED".into()));
            eventually(PATIENCE, "its bytes are taken away", async || match kept(city).len() {
                2 => Ok(()),
                n => Err(format!("{n} are there")),
            })
            .await;

            scanner.open.store(false, Ordering::Relaxed);
            let waits = add(&handler, "waits", &case, &document("a plan")).await.unwrap().attachment.unwrap();
            assert_eq!(waits.state(), v1::AttachmentState::Quarantined);
            let refused = read(&handler, &waits.attachment_id, false).await.unwrap_err();
            assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "QUARANTINED".into()));
            scanner.open.store(true, Ordering::Relaxed);
            eventually(PATIENCE, "the scanner is asked again", async || {
                let files = list(&handler, &case).await.unwrap();
                let waits = files.iter().find(|f| f.attachment_id == waits.attachment_id).unwrap();
                if waits.state() == v1::AttachmentState::Clean { Ok(()) } else { Err(format!("{waits:?}")) }
            })
            .await;
            assert_eq!(read(&handler, &waits.attachment_id, false).await.unwrap(), document("a plan"));
        })
        .await;
}
