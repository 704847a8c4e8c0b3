//! `suban up --data FILE`: a year of real messages with their catalogue, on their own time line.
//!
//! The city's clock begins with the file's first message and runs so fast that the year passes in three minutes;
//! each message is submitted when the clock reaches its time, and the staff of the simulated city work on them. A
//! day passes in half a second, so clocks of hours are late for everybody: figures about punctuality mean nothing
//! here, all others do.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use suban_domain::{Actor, At, Channel, PersonCode, Role, Span};
use suban_proto::v1::{self, intake_service_client::IntakeServiceClient};
use suban_runtime::{
    Clock, Service, Settings,
    grpc::{Outgoing, channel},
};
use suban_store::{Store, city_time, connect_pool, migrate};
use tokio::sync::mpsc;

use crate::{
    city,
    import::{
        TimeLine,
        send::{self, Incoming, Intake, Ledger},
    },
    journal::{Entry, Journal},
    print,
};

/// The mapping of the year's messages.
const MAP: &str = "deploy/import/messages.toml";
/// Real seconds in which the year passes.
const PLAYED_IN: f64 = 180.0;
/// Real seconds that the services need before the first message.
const STARTING: f64 = 10.0;
/// Real seconds that staff have after the last message; what they have not done by then is unfinished.
const CLOSING: Duration = Duration::from_secs(60);
/// One message in so many may be older than the year: a few stragglers must not make it three.
const STRAGGLERS: usize = 200;
/// Demands without an answer at once.
const WINDOW: usize = 200;

/// The year, read and in order.
pub(crate) struct Year {
    line: TimeLine,
    begins: At,
    ends: At,
}

impl Year {
    /// Reads a file of messages.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let line = TimeLine::read(file, Path::new(MAP))?;
        let (Some(begins), Some(ends)) =
            (line.demands.get(line.demands.len() / STRAGGLERS).map(at), line.demands.last().map(at))
        else {
            anyhow::bail!("{} holds no message with a time", file.display());
        };
        Ok(Self { line, begins, ends })
    }

    /// Sets the demo's clock, which must not have started elsewhere.
    pub(crate) async fn set_clock(&self, settings: &mut Settings) -> anyhow::Result<()> {
        let pool = connect_pool(settings).await?;
        migrate(&pool).await?;
        if let Some(now) = city_time(&pool).await?
            && now > self.ends
        {
            anyhow::bail!(
                "this city's clock shows {now}, after the last message ({}), and a clock never goes back: begin with \
                 an empty database (`make run DATA=…` takes a fresh one, or `deploy/local/stack down --wipe`)",
                self.ends
            );
        }
        let passes = self.ends.since(self.begins).as_seconds().max(1);
        #[expect(clippy::cast_precision_loss, reason = "a span of seconds is far below 2^53")]
        let rate = (passes as f64 / PLAYED_IN).clamp(1.0, 1_000_000.0);
        #[expect(clippy::cast_possible_truncation, reason = "some days in seconds")]
        let before = Span::seconds((STARTING * rate) as i64);
        settings.demo.rate = rate;
        settings.demo.origin = self.begins.minus(before).to_string();
        print::out(&format!(
            "{} 条留言 messages from {} to {}; the clock runs {rate:.0} times as fast",
            self.line.demands.len(),
            self.begins,
            self.ends
        ));
        Ok(())
    }

    /// Plays the year: submits each message at its time, while staff work, until nothing is left to do.
    pub(crate) async fn play(
        self,
        settings: &Settings,
        store: &Store,
        journal: &Path,
    ) -> anyhow::Result<city::Summary> {
        let begun = std::time::Instant::now();
        let intake = importer(settings, store).await?;
        let mut books = Books { journal: Journal::open(journal)?, entries: Vec::new(), counts: Counts::default() };
        books.counts.rejected = self.line.rejected;
        let read = self.line.demands.len();
        let (send, incoming) = mpsc::channel(WINDOW);
        let told = AtomicBool::new(false);
        let (over, is_over) = tokio::sync::oneshot::channel();
        let arrive = async {
            let ((), submitted) = tokio::join!(
                arrivals(self.line.demands, store.clock(), send),
                send::submit(&intake, incoming, WINDOW, &mut books)
            );
            told.store(true, Ordering::Release);
            let _ = over.send(());
            submitted
        };
        let closing = async {
            let _ = is_over.await;
            tokio::time::sleep(CLOSING).await;
            print::out("下班 closing time: what is not done yet stays unfinished");
        };
        let ((), mut worked) = tokio::try_join!(arrive, city::staff_work(settings, &told, closing))?;
        worked.submitted = books.counts.submitted;
        worked.repeated = books.counts.repeated;
        worked.by_channel.insert(Channel::LeaderBoard.code(), books.counts.submitted);
        worked.seconds = begun.elapsed().as_secs_f64();
        print::out(&format!(
            "{read} 条留言 messages: {} new, {} repeated, {} supplemented, {} rejected; the city's time is {}",
            books.counts.submitted,
            books.counts.repeated,
            books.counts.supplemented,
            books.counts.rejected,
            store.clock().now()
        ));
        Ok(worked)
    }
}

fn at(demand: &v1::SubmitRequest) -> At {
    let seconds = demand.reported_at.map_or(0, |at| at.seconds);
    At::from_micros(seconds * 1_000_000)
}

/// Hands each message over when the clock reaches its time; what is older goes first.
async fn arrivals(demands: Vec<v1::SubmitRequest>, clock: &Clock, to: mpsc::Sender<Incoming>) {
    for (line, request) in (1..).zip(demands) {
        let wait = clock.until(at(&request));
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        if to.send(Incoming::Demand { line, request: Box::new(request) }).await.is_err() {
            return;
        }
    }
}

async fn importer(settings: &Settings, store: &Store) -> anyhow::Result<Intake> {
    let actor = Actor { role: Role::IntakeBot, person: PersonCode::new("importer")?, unit: None, area: None };
    let token = store.create_token(&actor, &actor, false, None).await?.plain;
    let line = channel(&settings.peer(Service::Intake), settings).await?;
    Ok(IntakeServiceClient::with_interceptor(line, Outgoing::new(&token)?))
}

#[derive(Debug, Default)]
struct Counts {
    submitted: u64,
    repeated: u64,
    supplemented: u64,
    rejected: u64,
}

/// Counts, and the journal for the audit.
struct Books {
    journal: Journal,
    entries: Vec<Entry>,
    counts: Counts,
}

impl Ledger for Books {
    fn taken(&mut self, request: &v1::SubmitRequest, reply: v1::SubmitReply) {
        let counted = match (reply.repeated, reply.supplemented) {
            (_, true) => &mut self.counts.supplemented,
            (true, false) => &mut self.counts.repeated,
            (false, false) => &mut self.counts.submitted,
        };
        *counted += 1;
        self.entries.push(Entry {
            channel: request.channel,
            system: request.source_system.clone(),
            source_id: request.source_id.clone(),
            number: reply.number,
            ticket_id: reply.ticket_id,
        });
    }

    fn rejected(&mut self, _: u64, _: &str) -> anyhow::Result<()> {
        self.counts.rejected += 1;
        Ok(())
    }

    async fn tick(&mut self, _: u64) -> anyhow::Result<()> {
        self.journal.append(&std::mem::take(&mut self.entries)).await
    }
}
