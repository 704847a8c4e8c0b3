//! Photographs and documents: what comes with them goes, who may see them is asked, and nothing bad is kept.

mod bucket;
mod scanned;

use std::path::PathBuf;

use futures::stream;
use suban_attachments::invented::{DEVICE, Shot, photo};
use suban_domain::{Point, Role, Span, State};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{Case, City, Desk, PATIENCE, Plan, eventually, story};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::words;

const NAME: &str = "澹台望舒";
const PHONE: &str = "19900001811";

/// A square of the city.
fn square() -> Point {
    Point::new(22.5431, 114.0579).unwrap()
}

/// As a telephone sends it.
pub(crate) fn telephone(seed: u64) -> Vec<u8> {
    photo(&Shot { place: Some(square()), upright: 6, ..Shot::of(seed) })
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

pub(crate) async fn add(
    desk: &Desk,
    request: &str,
    case: &Case,
    file: &[u8],
) -> Result<v1::AddAttachmentReply, Status> {
    let first = v1::AddAttachmentRequest {
        request_id: request.into(),
        ticket: case.number.clone(),
        size: file.len() as u64,
        ..v1::AddAttachmentRequest::default()
    };
    let parts: Vec<_> = std::iter::once(first)
        .chain(
            file.chunks(100_000).map(|part| v1::AddAttachmentRequest { content: part.to_vec(), ..Default::default() }),
        )
        .collect();
    desk.intake().add_attachment(stream::iter(parts)).await.map(tonic::Response::into_inner)
}

async fn read(desk: &Desk, id: &str, small: bool) -> Result<Vec<u8>, Status> {
    let ask = v1::ReadAttachmentRequest { attachment_id: id.into(), small };
    let mut parts = desk.intake().read_attachment(ask).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        bytes.extend(part.content);
    }
    Ok(bytes)
}

async fn list(desk: &Desk, case: &Case) -> Result<Vec<v1::Attachment>, Status> {
    let ask = v1::ListAttachmentsRequest { ticket: case.number.clone() };
    Ok(desk.intake().list_attachments(ask).await?.into_inner().attachments)
}

/// Every file in the city's store of files.
fn kept(city: &City) -> Vec<PathBuf> {
    let mut open = vec![city.settings.attachments.folder.clone()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizens_photo_arrives_stripped_and_only_its_people_see_it() {
    story(async |city| {
        let citizen = city.citizen(NAME, PHONE);
        let case = citizen.reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        let page = citizen.looks(&case).await;
        assert!(page.body.contains("补充照片"), "{page:?}");
        let path = format!("/p/{}/photo?request_id=one", case.link);
        let sent = telephone(1);
        let answer = city.upload(&path, None, &sent).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = answer.json()["attachment"].clone();
        assert_eq!((told["kind"].as_str(), told["state"].as_str()), (Some("JPEG"), Some("NOT_SCANNED")), "{told}");
        assert_eq!((told["width"].as_u64(), told["height"].as_u64()), (Some(480), Some(640)), "it stands upright");
        assert!((told["lat"].as_f64().unwrap() - square().lat).abs() < 1e-4, "{told}");
        assert_eq!(told["taken_at"], "2026-03-10T01:12:34Z");
        let again = city.upload(&path, None, &sent).await.json();
        assert_eq!((again["repeated"].as_bool(), &again["attachment"]["id"]), (Some(true), &told["id"]));

        let unit = city.unit(words::ROADS).await;
        let files = list(&unit.handler, &case).await.unwrap();
        assert_eq!(files.len(), 1, "{files:?}");
        assert!(files[0].by.as_ref().unwrap().person.is_empty(), "a citizen has no account here");
        let id = &files[0].attachment_id;
        let whole = read(&unit.handler, id, false).await.unwrap();
        assert!(!holds(&whole, DEVICE.as_bytes()) && !holds(&whole, b"2026:03"), "metadata is gone");
        let bounds = suban_attachments::Bounds { bytes: 1 << 20, pixels: 1 << 20 };
        let seen = suban_attachments::inspect(&whole, &bounds).unwrap();
        assert_eq!(seen.taken, suban_attachments::Taken::default());
        assert_eq!(seen.picture.as_ref().unwrap().height, 640, "it still stands upright");
        let small = read(&unit.handler, id, true).await.unwrap();
        assert_eq!(Some(&small), seen.picture.map(|p| p.thumbnail).as_ref());

        let on_disk = kept(city);
        assert_eq!(on_disk.len(), 2, "{on_disk:?}");
        for path in &on_disk {
            let bytes = std::fs::read(path).unwrap();
            assert!(!holds(&bytes, b"JFIF") && !bytes.starts_with(&[0xFF, 0xD8]), "it is sealed");
            assert!(!path.to_str().unwrap().contains(&case.number) && !path.to_str().unwrap().contains(id.as_str()));
        }
        others_do_not(city, &case, id).await;
        let audits = suban_store::audit::of_ticket(city.pool(), case.id).await.unwrap();
        let looks: Vec<_> = audits.iter().filter(|a| a.act == "VIEW_ATTACHMENT").map(|a| a.person.as_str()).collect();
        assert_eq!(looks, ["JTJ-handler", "JTJ-handler"], "each look is written down");
    })
    .await;
}

async fn others_do_not(city: &City, case: &Case, id: &str) {
    let other = city.unit("YLZX").await;
    for (who, desk) in [
        ("another unit", other.handler.clone()),
        ("an analyst", city.desk(Role::Analyst, "analyst-1", None).await),
        ("a callback agent", city.callback().await),
        ("a channel", city.bot().await),
    ] {
        assert_eq!(list(&desk, case).await.unwrap_err().code(), Code::PermissionDenied, "{who}");
        assert_eq!(read(&desk, id, true).await.unwrap_err().code(), Code::PermissionDenied, "{who}");
        let ask = v1::LinkAttachmentRequest { attachment_id: id.into(), small: false };
        let link = desk.intake().link_attachment(ask).await;
        assert_eq!(link.unwrap_err().code(), Code::PermissionDenied, "{who}");
    }
    assert_eq!(read(&city.stranger(), id, false).await.unwrap_err().code(), Code::Unauthenticated);
    let denied = add(&other.handler, "not-mine", case, &telephone(2)).await.unwrap_err();
    assert_eq!((denied.code(), reason(&denied)), (Code::PermissionDenied, "OTHER_UNIT".into()), "{denied:?}");
    let path = format!("/api/v1/tickets/{}/attachments", case.number);
    assert_eq!(city.get(&path, Some(other.handler.token())).await.status, 403);
    let path = format!("{path}?request_id=not-mine");
    assert_eq!(city.upload(&path, Some(other.handler.token()), &telephone(2)).await.status, 403);
    assert_eq!(city.upload(&path, None, &telephone(2)).await.status, 401);
    let lost = format!("/p/{}/photo?request_id=x", "A".repeat(43));
    assert_eq!(city.upload(&lost, None, &telephone(2)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_a_file_for_a_while_and_cannot_be_changed() {
    story(async |city| {
        let case = city.citizen(NAME, PHONE).reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        let handler = city.unit(words::ROADS).await.handler;
        let path = format!("/api/v1/tickets/{}/attachments", case.number);
        let added = city.upload(&format!("{path}?request_id=site"), Some(handler.token()), &telephone(3)).await;
        assert_eq!(added.status, 200, "{added:?}");
        let id = added.json()["attachment"]["id"].as_str().unwrap().to_owned();
        assert_eq!(city.get(&path, Some(handler.token())).await.json()["attachments"][0]["id"], id.as_str());
        let whole = city.get(&format!("{path}/{id}"), Some(handler.token())).await;
        assert_eq!(whole.status, 200);
        let made = city.post(&format!("{path}/{id}/link?small=true"), Some(handler.token()), b"").await;
        assert_eq!(made.status, 200, "{made:?}");
        let link = made.json()["path"].as_str().unwrap().to_owned();

        let shown = city.get(&link, None).await;
        assert_eq!(shown.status, 200, "{}", shown.head);
        for line in [
            "content-type: image/jpeg",
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'; sandbox",
            "content-disposition: inline; filename=\"sb",
            "cache-control: private, no-store",
            "referrer-policy: no-referrer",
        ] {
            assert!(shown.head.contains(line), "{line} is not in {}", shown.head);
        }
        let token = link.strip_prefix("/a/").unwrap();
        let changed = format!("/a/{}{}", if token.starts_with('B') { "C" } else { "B" }, &token[1..]);
        for wrong in [changed, format!("/a/{}", case.link), "/a/nonsense".into(), format!("{link}A")] {
            assert_eq!(city.get(&wrong, None).await.status, 404, "{wrong}");
        }
        city.passes(Span::minutes(9));
        assert_eq!(city.get(&link, None).await.status, 200);
        city.passes(Span::minutes(2));
        let over = city.get(&link, None).await;
        assert_eq!(over.status, 410, "{over:?}");
        assert!(over.body.contains("链接已过期"), "{over:?}");
    })
    .await;
}

/// An archive's first bytes, then whatever.
fn archive() -> Vec<u8> {
    [&b"PK\x03\x04\x14\0\0\0\x08\0"[..], &[7; 400]].concat()
}

/// A PNG whose header speaks of 60,000 by 60,000 pixels.
fn bomb() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    for (name, content) in [
        (b"IHDR", &b"\0\0\xEA\x60\0\0\xEA\x60\x08\x02\0\0\0"[..]),
        (b"IDAT", &b"x\x9C\x03\0\0\0\0\x01"[..]),
        (b"IEND", &b""[..]),
    ] {
        file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        file.extend(name);
        file.extend(content);
        file.extend(sum(&[&name[..], content].concat()).to_be_bytes());
    }
    file
}

/// A PNG's sum of a chunk (CRC-32), bit by bit.
fn sum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photo_is_refused_in_words_that_help_and_leaves_nothing() {
    let settings = vec![("SUBAN_ATTACHMENTS__PER_TICKET", "2".to_owned())];
    Plan { settings, ..Plan::default() }
        .story(async |city| {
            let case = city.citizen(NAME, PHONE).reports(words::RAILING).await;
            city.becomes(&case, State::PendingSign).await;
            city.settles().await;
            let before = city.counts().await;
            let handler = city.unit(words::ROADS).await.handler;
            let whole = telephone(4);
            let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
            let rows = [
                ("an archive", archive(), "by its bytes"),
                ("a drawing with a script", svg, "by its bytes"),
                ("a page", b"<!doctype html><script>alert(1)</script>".to_vec(), "by its bytes"),
                ("a photo cut short", whole[..whole.len() * 2 / 3].to_vec(), "send the whole file"),
                ("a picture that unfolds", bomb(), "60000 by 60000 pixels"),
                ("nothing", Vec::new(), "is empty"),
                ("too long", [whole.clone(), vec![0; 10 << 20]].concat(), "longer than 10485760 bytes"),
            ];
            let path = format!("/api/v1/tickets/{}/attachments?request_id=photo.jpg", case.number);
            for (what, file, help) in rows {
                let refused = add(&handler, "photo.jpg", &case, &file).await.unwrap_err();
                assert_eq!(refused.code(), Code::InvalidArgument, "{what}: {refused:?}");
                assert!(refused.message().contains(help), "{what}: {refused:?}");
                if file.len() < 1 << 20 {
                    let refused = city.upload(&path, Some(handler.token()), &file).await;
                    assert_eq!(refused.status, 400, "{what}: {refused:?}");
                    assert!(refused.body.contains(help), "{what}: {refused:?}");
                }
            }
            two_gigabytes(city, &handler, &case).await;
            breaks_off(city, &handler, &path, &whole).await;
            assert_eq!(city.counts().await, before, "nothing is stored");
            assert!(kept(city).is_empty(), "no bytes either");

            // The same request with a good file is done: it was not the path.
            assert!(!add(&handler, "photo.jpg", &case, &whole).await.unwrap().repeated);
            add(&handler, "second", &case, &telephone(5)).await.unwrap();
            let full = add(&handler, "third", &case, &telephone(6)).await.unwrap_err();
            assert_eq!((full.code(), reason(&full)), (Code::FailedPrecondition, "USED_UP".into()), "{full:?}");
            assert!(add(&handler, "second", &case, &telephone(6)).await.unwrap().repeated, "a repeat takes no place");
        })
        .await;
}

/// Evidence of 2 GB is refused by what it says of itself, or at the byte that is one too many.
async fn two_gigabytes(city: &City, handler: &Desk, case: &Case) {
    let first = v1::AddAttachmentRequest {
        request_id: "film".into(),
        ticket: case.number.clone(),
        size: 2 << 30,
        ..v1::AddAttachmentRequest::default()
    };
    let refused = handler.intake().add_attachment(stream::iter([first.clone()]).chain_pending()).await.unwrap_err();
    assert!(refused.message().contains("longer than"), "{refused:?}");
    let endless = stream::iter(std::iter::once(v1::AddAttachmentRequest { size: 0, ..first }).chain(
        std::iter::repeat_n(v1::AddAttachmentRequest { content: vec![0xFF; 500_000], ..Default::default() }, 4300),
    ));
    let refused = handler.intake().add_attachment(endless).await.unwrap_err();
    assert!(refused.message().contains("longer than"), "{refused:?}");

    let mut line = TcpStream::connect(city.address(Service::Gateway)).await.unwrap();
    let head = format!(
        "POST /api/v1/tickets/{}/attachments?request_id=film HTTP/1.1\r\nhost: suban\r\nauthorization: Bearer {}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        case.number,
        handler.token(),
        2_u64 << 30
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut line, &mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413", "before any of it came");
}

/// Whoever breaks off in the middle has sent nothing.
async fn breaks_off(city: &City, handler: &Desk, path: &str, file: &[u8]) {
    let mut line = TcpStream::connect(city.address(Service::Gateway)).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: suban\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
        handler.token(),
        file.len()
    );
    line.write_all(&[head.as_bytes(), file].concat()).await.unwrap();
    drop(line);
}

/// Streams that go on without an end.
trait ChainPending: futures::Stream + Sized {
    /// After its last item nothing comes, and it does not end.
    fn chain_pending(self) -> futures::stream::Chain<Self, futures::stream::Pending<Self::Item>> {
        futures::StreamExt::chain(self, futures::stream::pending())
    }
}

impl<S: futures::Stream> ChainPending for S {}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_citizens_photos_are_gone_for_good() {
    story(async |city| {
        let case = city.citizen(NAME, PHONE).reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        let handler = city.unit(words::ROADS).await.handler;
        let id = add(&handler, "site", &case, &telephone(7)).await.unwrap().attachment.unwrap().attachment_id;
        // Without a requester there is a key all the same.
        let nobody = v1::SubmitRequest { requester: None, ..city.citizen(NAME, PHONE).demand(&words::railing(300)) };
        let other = city.citizen(NAME, PHONE).sends(nobody).await;
        city.becomes(&other, State::PendingSign).await;
        let of_nobody = add(&handler, "site", &other, &telephone(8)).await.unwrap().attachment.unwrap().attachment_id;

        let by = suban_service::App::system();
        let ticket = city.ticket(&case).await;
        city.store.erase(&by, ticket.requester.unwrap(), "asked by letter").await.unwrap();
        assert_eq!(read(&handler, &id, false).await.unwrap_err().code(), Code::NotFound);
        let told = &list(&handler, &case).await.unwrap()[0];
        assert_eq!((told.state(), told.point, told.picture_hash.as_str()), (v1::AttachmentState::Erased, None, ""));
        assert!(read(&handler, &of_nobody, false).await.is_ok());
        eventually(PATIENCE, "the bytes are taken away", async || match kept(city).len() {
            2 => Ok(()),
            n => Err(format!("{n} are there")),
        })
        .await;
        let nobodies = city.store.requesters_of(&[other.id]).await.unwrap();
        for nobody in nobodies {
            city.store.erase(&by, nobody, "asked by letter").await.unwrap();
        }
        assert_eq!(read(&handler, &of_nobody, false).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

/// A document of this text.
fn document(text: &str) -> Vec<u8> {
    format!("%PDF-1.7\n{text}\n%%EOF\n").into_bytes()
}

/// Somebody's telephone loses the line and never comes back: after an hour nothing is kept of it, and the same request may
/// begin anew.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_given_up_is_swept() {
    story(async |city| {
        let case = city.citizen(NAME, PHONE).reports(words::RAILING).await;
        city.becomes(&case, State::PendingSign).await;
        let handler = city.unit(words::ROADS).await.handler;
        let request = suban_domain::RequestId::new("given-up").unwrap();
        let by = suban_service::App::system();
        city.store.reserve_attachment(case.id, None, &request, &by, 20).await.unwrap();
        let begun = async || city.store.attachment_of_request(case.id, &request).await.unwrap();
        city.passes(Span::minutes(50));
        assert!(begun().await.is_some() && list(&handler, &case).await.unwrap().is_empty(), "it may still come");
        city.passes(Span::minutes(11));
        eventually(PATIENCE, "it is swept", async || match begun().await {
            None => Ok(()),
            Some(left) => Err(format!("{left:?}")),
        })
        .await;
        let again = add(&handler, "given-up", &case, &telephone(9)).await.unwrap();
        assert!(!again.repeated);
    })
    .await;
}
