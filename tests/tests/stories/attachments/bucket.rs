//! A bucket that speaks S3, as far as the suite asks: files are there after the service has moved, and nobody's folder.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use suban_domain::State;
use suban_runtime::Service;
use suban_tests::Plan;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{NAME, PHONE, add, holds, kept, read, telephone};
use crate::words;

type Objects = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// Keeps what is put, under `/bucket/name`; who does not sign is turned away.
async fn listen(objects: Objects) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut calls = tokio::task::JoinSet::new();
    calls.spawn(async move {
        let mut lines = tokio::task::JoinSet::new();
        loop {
            let (line, _) = listener.accept().await.unwrap();
            lines.spawn(serve(line, objects.clone()));
        }
    });
    calls.detach_all();
    format!("http://{address}")
}

async fn serve(line: TcpStream, objects: Objects) -> std::io::Result<()> {
    let mut line = BufReader::new(line);
    loop {
        let mut head = Vec::new();
        loop {
            let mut row = String::new();
            if line.read_line(&mut row).await? == 0 {
                return Ok(());
            }
            if row.trim().is_empty() {
                break;
            }
            head.push(row.trim().to_owned());
        }
        let mut request = head[0].split(' ');
        let (verb, name) = (request.next().unwrap().to_owned(), request.next().unwrap().to_owned());
        let header = |key: &str| {
            head.iter().find_map(|h| h.split_once(": ").filter(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v))
        };
        let mut body = vec![0; header("content-length").map_or(0, |n| n.parse().unwrap())];
        line.read_exact(&mut body).await?;
        let signed = header("authorization").is_some_and(|a| a.starts_with("AWS4-HMAC-SHA256 Credential=files/"));
        let (status, answer) = match (signed, verb.as_str()) {
            (false, _) => ("403 Forbidden", Vec::new()),
            (true, "PUT") => {
                objects.lock().unwrap().insert(name, body);
                ("200 OK", Vec::new())
            }
            (true, "DELETE") => {
                objects.lock().unwrap().remove(&name);
                ("204 No Content", Vec::new())
            }
            (true, _) => match objects.lock().unwrap().get(&name) {
                Some(bytes) => ("200 OK", bytes.clone()),
                None => ("404 Not Found", Vec::new()),
            },
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"1\"\r\nlast-modified: Tue, 10 Mar 2026 01:30:00 GMT\r\n\r\n",
            answer.len()
        );
        line.write_all(&[head.as_bytes(), &answer].concat()).await?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_files_for_every_machine() {
    let objects = Objects::default();
    let settings = vec![
        ("SUBAN_ATTACHMENTS__URL", listen(objects.clone()).await),
        ("SUBAN_ATTACHMENTS__BUCKET", "evidence".to_owned()),
        ("SUBAN_ATTACHMENTS__ACCESS_KEY", "files".to_owned()),
        ("SUBAN_ATTACHMENTS__SECRET_KEY", "only-in-this-story".to_owned()),
    ];
    Plan { settings, ..Plan::default() }
        .story(async |city| {
            let case = city.citizen(NAME, PHONE).reports(words::RAILING).await;
            city.becomes(&case, State::PendingSign).await;
            let handler = city.unit(words::ROADS).await.handler;
            let id = add(&handler, "site", &case, &telephone(10)).await.unwrap().attachment.unwrap().attachment_id;
            {
                let objects = objects.lock().unwrap();
                assert_eq!(objects.len(), 2);
                for (name, bytes) in objects.iter() {
                    assert!(name.starts_with("/evidence/") && !holds(bytes, b"JFIF"), "{name} is sealed");
                }
            }
            assert!(kept(city).is_empty(), "no folder is used");
            city.close(Service::Intake).await;
            city.open(Service::Intake).await;
            assert!(read(&handler, &id, false).await.unwrap().starts_with(&[0xFF, 0xD8]));
            objects.lock().unwrap().clear();
            assert_eq!(read(&handler, &id, false).await.unwrap_err().code(), tonic::Code::Unavailable);
        })
        .await;
}
