//! Demands into intake over one stream, with a bounded window and every answer accounted for.
//!
//! What has no answer is sent again: after a broken stream all of it, after a refusal that may pass just that
//! one. Intake makes nothing twice, so sending again is harmless.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use suban_proto::v1::{self, intake_service_client::IntakeServiceClient, submit_result::Result as Answer};
use suban_runtime::grpc::Outgoing;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, service::interceptor::InterceptedService, transport::Channel};

/// Intake, in somebody's name.
pub(crate) type Intake = IntakeServiceClient<InterceptedService<Channel, Outgoing>>;

/// Without a single answer for this long the import stops; it can go on later.
const PATIENCE: Duration = Duration::from_secs(120);
/// The same when it has never answered at all: then the address is likelier wrong than intake away.
const FIRST_PATIENCE: Duration = Duration::from_secs(20);
/// Before a broken stream is opened again, or a demand sent again.
const PAUSE: Duration = Duration::from_millis(500);
/// A demand that fails this often without a reason of its own is rejected.
const ATTEMPTS: u32 = 20;

/// What comes to be submitted.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A demand.
    Demand {
        /// Line of the file.
        line: u64,
        /// What is said.
        request: Box<v1::SubmitRequest>,
    },
    /// A record that is no demand.
    Rejected {
        /// Line of the file.
        line: u64,
        /// Why.
        reason: String,
    },
}

/// Who is told what became of each record.
pub(crate) trait Ledger {
    /// Intake took it.
    fn taken(&mut self, request: &v1::SubmitRequest, reply: v1::SubmitReply);
    /// It was no demand, or intake refused it.
    ///
    /// # Errors
    /// When that cannot be kept.
    fn rejected(&mut self, line: u64, reason: &str) -> anyhow::Result<()>;
    /// Comes about once a second, and at the end: everything up to `done_line` has its answer.
    fn tick(&mut self, done_line: u64) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// A demand without an answer.
struct Open {
    request: Box<v1::SubmitRequest>,
    attempts: u32,
}

/// Everything without an answer, by line; and by request id, which two equal records share.
#[derive(Default)]
struct Window {
    open: BTreeMap<u64, Open>,
    by_id: HashMap<String, VecDeque<u64>>,
    later: VecDeque<(Instant, u64)>,
    last_seen: u64,
    heard_once: bool,
}

impl Window {
    fn add(&mut self, line: u64, request: Box<v1::SubmitRequest>) {
        self.by_id.entry(request.request_id.clone()).or_default().push_back(line);
        self.open.insert(line, Open { request, attempts: 0 });
    }

    /// The earliest demand with this id that waits for an answer.
    fn answered(&mut self, request_id: &str) -> Option<(u64, Open)> {
        let lines = self.by_id.get_mut(request_id)?;
        let line = lines.pop_front()?;
        if lines.is_empty() {
            self.by_id.remove(request_id);
        }
        Some((line, self.open.remove(&line)?))
    }

    /// It is sent again a little later.
    fn put_back(&mut self, line: u64, open: Open) {
        self.by_id.entry(open.request.request_id.clone()).or_default().push_back(line);
        self.open.insert(line, Open { attempts: open.attempts + 1, ..open });
        self.later.push_back((Instant::now() + PAUSE, line));
    }

    fn done_line(&self) -> u64 {
        self.open.keys().next().map_or(self.last_seen, |first| first - 1)
    }
}

/// Submits everything that comes, until there is no more and all is answered.
///
/// # Errors
/// When the token is refused, or intake stays away too long; all that was answered is in the ledger.
pub(crate) async fn submit(
    intake: &Intake,
    mut incoming: mpsc::Receiver<Incoming>,
    most: usize,
    ledger: &mut impl Ledger,
) -> anyhow::Result<()> {
    let mut window = Window::default();
    let mut more = true;
    let mut heard = Instant::now();
    loop {
        match one_stream(intake, &mut incoming, most, ledger, &mut window, &mut more, &mut heard).await? {
            None => {
                ledger.tick(window.done_line()).await?;
                return Ok(());
            }
            Some(status) if is_final(status.code()) => {
                ledger.tick(window.done_line()).await?;
                anyhow::bail!("intake refuses: {}", status.message());
            }
            Some(status) if heard.elapsed() > patience(&window) => {
                ledger.tick(window.done_line()).await?;
                anyhow::bail!(
                    "intake has not answered for {} s ({:?}: {}); what has no answer stands after line {}: run again",
                    patience(&window).as_secs(),
                    status.code(),
                    status.message(),
                    window.done_line()
                );
            }
            Some(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// One stream, from its opening until all is done (`None`) or it broke.
async fn one_stream(
    intake: &Intake,
    incoming: &mut mpsc::Receiver<Incoming>,
    most: usize,
    ledger: &mut impl Ledger,
    window: &mut Window,
    more: &mut bool,
    heard: &mut Instant,
) -> anyhow::Result<Option<Status>> {
    // At most `most` demands are open, but one may stand here twice when it is sent again.
    let (sender, receiver) = mpsc::channel(2 * most);
    window.later.clear();
    for open in window.open.values() {
        let _ = sender.try_send((*open.request).clone());
    }
    let mut intake = intake.clone();
    let mut answers = match intake.submit_stream(ReceiverStream::new(receiver)).await {
        Ok(answers) => answers.into_inner(),
        Err(status) => return Ok(Some(status)),
    };
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    while *more || !window.open.is_empty() {
        let due = window.later.front().map(|(at, _)| *at);
        tokio::select! {
            answer = answers.message() => match answer {
                Ok(Some(result)) => {
                    *heard = Instant::now();
                    window.heard_once = true;
                    settle(result, window, ledger)?;
                }
                Ok(None) => return Ok(Some(Status::unavailable("the stream ended early"))),
                Err(status) => return Ok(Some(status)),
            },
            item = incoming.recv(), if *more && window.open.len() < most => match item {
                Some(Incoming::Demand { line, request }) => {
                    if window.open.is_empty() {
                        *heard = Instant::now();
                    }
                    // If the stream is gone the request is sent with the next one.
                    let _ = sender.try_send((*request).clone());
                    window.last_seen = line;
                    window.add(line, request);
                }
                Some(Incoming::Rejected { line, reason }) => {
                    window.last_seen = line;
                    ledger.rejected(line, &reason)?;
                }
                None => *more = false,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Some((_, line)) = window.later.pop_front()
                    && let Some(open) = window.open.get(&line)
                {
                    let _ = sender.try_send((*open.request).clone());
                }
            }
            _ = tick.tick() => ledger.tick(window.done_line()).await?,
        }
    }
    Ok(None)
}

fn patience(window: &Window) -> Duration {
    if window.heard_once { PATIENCE } else { FIRST_PATIENCE }
}

fn settle(result: v1::SubmitResult, window: &mut Window, ledger: &mut impl Ledger) -> anyhow::Result<()> {
    let Some((line, open)) = window.answered(&result.request_id) else { return Ok(()) };
    match result.result {
        Some(Answer::Reply(reply)) => ledger.taken(&open.request, reply),
        Some(Answer::Error(error)) if may_pass(Code::from_i32(error.code)) && open.attempts < ATTEMPTS => {
            window.put_back(line, open);
        }
        Some(Answer::Error(error)) => ledger.rejected(line, &reason(&error))?,
        None => window.put_back(line, open),
    }
    Ok(())
}

/// Why intake refused, with every wrong field.
fn reason(error: &v1::SubmitError) -> String {
    if error.fields.is_empty() {
        return error.message.clone();
    }
    error.fields.iter().map(|f| format!("{}: {}", f.field, f.problem)).collect::<Vec<_>>().join("; ")
}

/// A stream that ends like this ends so again.
fn is_final(code: Code) -> bool {
    matches!(code, Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::InvalidArgument)
}

/// Not about this demand: it may go well the next time.
fn may_pass(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Unknown
            | Code::Internal
    )
}
