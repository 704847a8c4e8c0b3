//! Submitting over gRPC by several streams: as fast as answers come, or at a pace that nothing slows down.

use std::{collections::HashMap, sync::Arc, time::Duration};

use suban_domain::TicketId;
use suban_proto::v1::{self, intake_service_client::IntakeServiceClient, submit_result};
use suban_runtime::{
    Clock, Secret,
    grpc::{Outgoing, channel},
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use super::words;
use crate::journal::{Entry, Journal};

/// Streams, each on a connection of its own.
const STREAMS: usize = 4;
/// Submits of a stream that are unanswered at once, when answers set the pace.
const WINDOW: usize = 200;
/// A paced stream sends what is due by then.
const TICK: Duration = Duration::from_millis(1);

/// An acknowledged submit.
#[derive(Debug, Clone)]
pub(crate) struct Acked {
    /// The ticket.
    pub(crate) ticket: TicketId,
    /// For the citizen's link.
    pub(crate) link: String,
    /// When the acknowledgement was here, in microseconds of the machine's clock.
    pub(crate) at: i64,
}

/// What came of all submits.
#[derive(Debug, Default)]
pub(crate) struct Submitted {
    /// Those that became tickets.
    pub(crate) acked: Vec<Acked>,
    /// Those that were refused.
    pub(crate) refused: u64,
}

/// Where to, and how fast.
#[derive(Clone)]
pub(crate) struct Load {
    /// The intake's address and how to reach it.
    pub(crate) to: String,
    /// Settings of the connection.
    pub(crate) settings: suban_runtime::Settings,
    /// Who submits.
    pub(crate) token: Secret,
    /// Submits a second; none: as fast as they are answered.
    pub(crate) rate: Option<f64>,
    /// What was acknowledged is written down.
    pub(crate) journal: Option<Arc<Journal>>,
}

impl Load {
    /// Submits everything; answers when the last one is answered. `acked` hears of each ticket at once, where given.
    pub(crate) async fn submit(
        &self,
        requests: Vec<v1::SubmitRequest>,
        acked: Option<mpsc::UnboundedSender<Acked>>,
    ) -> anyhow::Result<Submitted> {
        let mut shares: Vec<Vec<v1::SubmitRequest>> = (0..STREAMS).map(|_| Vec::new()).collect();
        for (n, request) in requests.into_iter().enumerate() {
            if let Some(share) = shares.get_mut(n % STREAMS) {
                share.push(request);
            }
        }
        let mut streams = JoinSet::new();
        for share in shares {
            let (load, acked) = (self.clone(), acked.clone());
            streams.spawn(async move { load.stream(share, acked).await });
        }
        drop(acked);
        let mut all = Submitted::default();
        while let Some(done) = streams.join_next().await {
            let done = done??;
            all.acked.extend(done.acked);
            all.refused += done.refused;
        }
        Ok(all)
    }

    async fn stream(
        self,
        requests: Vec<v1::SubmitRequest>,
        heard: Option<mpsc::UnboundedSender<Acked>>,
    ) -> anyhow::Result<Submitted> {
        let line = channel(&self.to, &self.settings).await?;
        let mut intake = IntakeServiceClient::with_interceptor(line, Outgoing::new(&self.token)?);
        let (out, waiting) = mpsc::channel(WINDOW);
        let channels: HashMap<String, i32> = match &self.journal {
            Some(_) => requests.iter().map(|r| (r.request_id.clone(), r.channel)).collect(),
            None => HashMap::new(),
        };
        let room = Arc::new(Semaphore::new(WINDOW));
        let mut sending = JoinSet::new();
        match self.rate {
            Some(rate) => sending.spawn(paced(requests, out, rate / STREAMS as f64)),
            None => sending.spawn(answered(requests, out, Arc::clone(&room))),
        };
        let mut answers = intake.submit_stream(ReceiverStream::new(waiting)).await?.into_inner();
        let clock = Clock::system();
        let mut done = Submitted::default();
        let mut entries = Vec::new();
        while let Some(answer) = answers.message().await? {
            room.add_permits(1);
            let Some(submit_result::Result::Reply(reply)) = answer.result else {
                done.refused += 1;
                continue;
            };
            let ticket = TicketId::new(Uuid::parse_str(&reply.ticket_id)?);
            let acked = Acked { ticket, link: reply.progress_token, at: clock.now().micros() };
            if let Some(heard) = &heard {
                // Nobody listens any more when a bench is given up.
                let _ = heard.send(acked.clone());
            }
            done.acked.push(acked);
            if let Some(journal) = &self.journal {
                let channel = channels.get(&answer.request_id).copied().unwrap_or_default();
                entries.push(entry(&answer.request_id, channel, reply.number, reply.ticket_id));
                if entries.len() >= WINDOW {
                    journal.append(&std::mem::take(&mut entries)).await?;
                }
            }
        }
        if let Some(journal) = &self.journal {
            journal.append(&entries).await?;
        }
        Ok(done)
    }
}

/// One more whenever one is answered.
async fn answered(requests: Vec<v1::SubmitRequest>, out: mpsc::Sender<v1::SubmitRequest>, room: Arc<Semaphore>) {
    for request in requests {
        let Ok(permit) = room.acquire().await else { return };
        permit.forget();
        if out.send(request).await.is_err() {
            return;
        }
    }
}

/// At a pace: what is due is sent, however many are unanswered.
async fn paced(requests: Vec<v1::SubmitRequest>, out: mpsc::Sender<v1::SubmitRequest>, rate: f64) {
    let begun = Instant::now();
    for (n, request) in (0u32..).zip(requests) {
        let due = begun + Duration::from_secs_f64(f64::from(n) / rate);
        if due.saturating_duration_since(Instant::now()) > TICK {
            tokio::time::sleep_until(due).await;
        }
        if out.send(request).await.is_err() {
            return;
        }
    }
}

fn entry(request_id: &str, channel: i32, number: String, ticket_id: String) -> Entry {
    Entry { channel, system: words::SYSTEM.into(), source_id: request_id.to_owned(), number, ticket_id }
}
