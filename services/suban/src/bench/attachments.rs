//! `suban bench attachments`: how soon a large photograph is stored with its small copy, over gRPC, and there again.
//!
//! The photograph is invented here, with the length that is the most a telephone sends: 10 MB of grain, at 12 million
//! pixels. Stored means on the disk: sealed, synced, its row committed.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::Context as _;
use futures::stream;
use serde::Serialize;
use suban_attachments::invented::{Shot, photo};
use suban_domain::{Point, Role};
use suban_proto::v1::{self, intake_service_client::IntakeServiceClient};
use suban_runtime::{
    Service, Settings,
    grpc::{Outgoing, channel},
};

use super::{
    args, flow,
    ground::Ground,
    report::{Lag, lag_text},
    words,
};
use crate::print;

/// Bytes of one part.
const PART: usize = 256 * 1024;
/// The length that is measured: at least this, and not a tenth more.
const LENGTH: usize = 10_000_000;

#[derive(Serialize)]
struct Report {
    bench: &'static str,
    /// Photographs that were stored.
    files: usize,
    /// Length of one, bytes.
    bytes: usize,
    /// Pixels a row, and rows.
    pixels: (u32, u32),
    /// From the call to the answer: stored with its small copy.
    stored_ms: Option<Lag>,
    /// From the call to the last byte of the whole.
    read_ms: Option<Lag>,
    /// The same of the small copy.
    small_ms: Option<Lag>,
    /// Calls that were refused, and files that kept their place.
    errors: u64,
}

/// Runs it; fails when a call was refused.
pub(crate) async fn command(mut settings: Settings, how: &args::Attachments) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        !how.ground.attach,
        "bench attachments keeps its files in a folder of its own, so it cannot --attach"
    );
    let folder = PathBuf::from(format!(".local/attachments-{}", std::process::id()));
    settings.attachments.folder.clone_from(&folder);
    settings.attachments.url.clear();
    settings.attachments.per_ticket = how.files.max(1);
    let mut ground = Ground::prepare(settings, &how.ground).await?;
    let report = measure(&mut ground, how).await;
    ground.leave().await?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let report = report?;
    if how.ground.json {
        print::json(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(report: &Report) {
    let (width, height) = report.pixels;
    print::out(&format!("photographs {}, each {} bytes, {width} by {height}", report.files, report.bytes));
    print::out(&format!("stored with its small copy  {}", lag_text(report.stored_ms)));
    print::out(&format!("read whole                  {}", lag_text(report.read_ms)));
    print::out(&format!("read small                  {}", lag_text(report.small_ms)));
    print::out(&format!("errors                      {}", report.errors));
}

/// A photograph of the length that is measured.
fn long_photo(seed: u64) -> anyhow::Result<(Vec<u8>, Shot)> {
    let place = Some(Point::new(22.5431, 114.0579)?);
    let mut shot = Shot { width: 4000, height: 3000, seed, grain: 60, quality: 92, place, upright: 6 };
    for _ in 0..6 {
        let file = photo(&shot);
        if (LENGTH..LENGTH + LENGTH / 25).contains(&file.len()) {
            return Ok((file, shot));
        }
        // The length goes with the rows.
        let rows = u64::from(shot.height) * (LENGTH + LENGTH / 50) as u64 / file.len().max(1) as u64;
        shot.height = u32::try_from(rows.clamp(500, 12_000))?;
    }
    anyhow::bail!("no photograph of {LENGTH} bytes came about")
}

async fn measure(ground: &mut Ground, how: &args::Attachments) -> anyhow::Result<Report> {
    let (file, shot) = long_photo(how.ground.seed)?;
    ground.start(&[Service::Intake]).await?;
    let demand = words::requests(&ground.catalogue, &flow::run_name(), how.ground.seed, 1);
    let submitted = flow::load(ground, None, None).await?.submit(demand, None).await?;
    let ticket = submitted.acked.first().context("the ticket was refused")?.ticket.to_string();
    let line = channel(&ground.settings.peer(Service::Intake), &ground.settings).await?;
    let mut desk =
        IntakeServiceClient::with_interceptor(line, Outgoing::new(&ground.token(Role::Agent, "bench").await?)?);

    let (mut stored, mut read, mut small, mut errors) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for n in 0..how.files {
        let begun = Instant::now();
        let first = v1::AddAttachmentRequest {
            request_id: format!("bench-{n}"),
            ticket: ticket.clone(),
            size: file.len() as u64,
            ..v1::AddAttachmentRequest::default()
        };
        // The client's part is in the figure, as a telephone's would be.
        let parts: Vec<_> = std::iter::once(first)
            .chain(
                file.chunks(PART).map(|part| v1::AddAttachmentRequest { content: part.to_vec(), ..Default::default() }),
            )
            .collect();
        let Ok(reply) = desk.add_attachment(stream::iter(parts)).await else {
            errors += 1;
            continue;
        };
        stored.push(i64::try_from(begun.elapsed().as_micros())?);
        let kept = reply.into_inner().attachment.context("an answer without a file")?;
        for (into, copy) in [(&mut read, false), (&mut small, true)] {
            let begun = Instant::now();
            let ask = v1::ReadAttachmentRequest { attachment_id: kept.attachment_id.clone(), small: copy };
            let mut parts = desk.read_attachment(ask).await?.into_inner();
            let mut length = 0;
            while let Some(part) = parts.message().await? {
                length += part.content.len() as u64;
            }
            into.push(i64::try_from(begun.elapsed().as_micros())?);
            errors += u64::from(!copy && (length != kept.bytes || kept.point.is_none()));
        }
    }
    Ok(Report {
        bench: "attachments",
        files: stored.len(),
        bytes: file.len(),
        pixels: (shot.width, shot.height),
        stored_ms: Lag::of(stored),
        read_ms: Lag::of(read),
        small_ms: Lag::of(small),
        errors,
    })
}
