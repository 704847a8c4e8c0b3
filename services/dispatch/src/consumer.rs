//! The event face: what can be dispatched is, a batch at a time; what a person must see stands in the queue.
//!
//! A batch loads its tickets once, decides in pure code, and writes everything in one transaction: changes, the
//! reasons for them, and the rows of the queue. Tickets that others changed meanwhile are decided again.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use suban_bus::{Failure, Message};
use suban_domain::{
    Action, Command, RequestId, Role, State, TaskRole, TextId, Ticket, TicketId, Tier, UnitCode, Urgency, VersionCode,
};
use suban_service::{App, InForce};
use suban_store::{Change, StoreError};

use crate::{
    Desk,
    decide::{self, Decision, Experience, Known, Sending, Waiting},
    experience::Now,
    extensions,
    learned::{Outcome, Ruling},
    review,
    tables::{self, Proposed, Reasons, Row},
};

/// Kinds of events after which a ticket may be dispatched, or begins or ends to wait for a person.
pub(crate) const FOLLOWED: &[&str] = &[
    "submitted",
    "accepted",
    "judged",
    "amended",
    "info_asked",
    "supplemented",
    "rejected",
    "transferred_out",
    "answered",
    "merged_into",
    "unmerged",
    "member_joined",
    "took_over",
    "gave_over",
    "split",
    "dispatched",
    "return_requested",
    "return_approved",
    "return_denied",
    "escalated",
    "ruled",
    "extension_requested",
    "extension_granted",
    "extension_denied",
    "suspended",
    "resumed",
    "recalled",
    "reopened",
    "result_submitted",
    "result_rejected",
    "result_accepted",
    "withdrawn",
    "closed",
    "returned_upstream",
    "upstream_decided",
];

/// Decides the tickets of a batch; those that are where they belong are left alone.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn dispatch(desk: &Desk, batch: &[Message]) -> Result<(), Failure> {
    let after = desk.app.folded.after(&desk.app.store, batch).await?;
    let mut told = BTreeMap::<TicketId, Told>::new();
    // A dispatch or acceptance of our own has left the queue with its own transaction.
    for message in batch
        .iter()
        .filter(|m| !(m.by.role == Role::System && matches!(m.kind.as_ref(), "dispatched" | "result_accepted")))
    {
        told.entry(message.ticket).or_default().hear(&message.kind);
    }
    // Decided as the messages left them; a change is guarded by its ticket's version.
    let tickets = after.into_iter().filter(|(id, _)| told.contains_key(id));
    let tickets = tickets.map(|(id, ticket)| (id, Ticket::clone(&ticket))).collect();
    let overtaken = decide_all(desk, tickets, &told).await?;
    Ok(settle(desk, overtaken.into_iter().map(|id| (id, told.remove(&id).unwrap_or_default())).collect()).await?)
}

/// Dispatches pressing tickets at once, the critical ones before all others. Merging comes afterwards; the ordinary
/// event then finds nothing to do.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn dispatch_urgent(desk: &Desk, batch: &[Message]) -> Result<(), Failure> {
    let ids: Vec<TicketId> = batch.iter().map(|m| m.ticket).collect();
    let tickets = desk.app.store.load(&ids).await?;
    let (critical, urgent): (BTreeMap<_, _>, BTreeMap<_, _>) =
        tickets.into_iter().partition(|(_, ticket)| ticket.urgency == Urgency::Critical);
    for tickets in [critical, urgent] {
        let overtaken = decide_all(desk, tickets, &BTreeMap::new()).await?;
        settle(desk, overtaken.into_iter().map(|id| (id, Told::default())).collect()).await?;
    }
    Ok(())
}

/// What the events of a ticket in one batch teach, besides that it has to be looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// Somebody accepted a result.
    accepted: bool,
    /// Somebody dispatched it.
    sent: bool,
    /// An arbiter ruled.
    ruled: bool,
    /// An extension was asked for, granted or denied.
    extended: bool,
}

impl Told {
    fn hear(&mut self, kind: &str) {
        match kind {
            "result_accepted" => self.accepted = true,
            "dispatched" => self.sent = true,
            "ruled" => self.ruled = true,
            "extension_requested" | "extension_granted" | "extension_denied" | "upstream_decided" => {
                self.extended = true
            }
            _ => {}
        }
    }
}

/// Brings these tickets where they belong: to their unit, into the queue, or out of it.
async fn settle(desk: &Desk, mut open: BTreeMap<TicketId, Told>) -> Result<(), StoreError> {
    while !open.is_empty() {
        let ids: Vec<TicketId> = open.keys().copied().collect();
        let tickets = desk.app.store.load(&ids).await?.into_iter().collect();
        let again = decide_all(desk, tickets, &open).await?;
        open = again.into_iter().map(|id| (id, open.get(&id).copied().unwrap_or_default())).collect();
    }
    Ok(())
}

/// Decides these tickets and writes what comes of it; answers those that others were faster with.
async fn decide_all(
    desk: &Desk,
    tickets: BTreeMap<TicketId, Ticket>,
    told: &BTreeMap<TicketId, Told>,
) -> Result<Vec<TicketId>, StoreError> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let app = &desk.app;
    let replies = replies_under_review(app, &tickets).await?;
    let in_force = app.catalogues.now();
    let words = words(app, in_force.as_deref(), tickets.values()).await?;
    let mut work = Work::default();
    {
        let experience = desk.learned.now();
        for (id, ticket) in tickets {
            work.learn(&ticket, told.get(&id).copied().unwrap_or_default(), experience.today);
            let known = known(app, in_force.as_deref(), words.get(&id), &experience);
            let clean = replies.get(&id).is_some_and(|(reply, asked)| {
                !review::needs_a_person(reply, &review::findings(&ticket, asked, reply, experience.today))
            });
            work.add(app, &known, ticket, clean)?;
        }
    }
    write(app, work).await
}

/// What was said, masked, of those tickets whose lead depends on it; in one question to the store, mostly in none.
pub(crate) async fn words<'a>(
    app: &App,
    in_force: Option<&InForce>,
    tickets: impl IntoIterator<Item = &'a Ticket>,
) -> Result<HashMap<TicketId, String>, StoreError> {
    let Some(in_force) = in_force else { return Ok(HashMap::new()) };
    let asking = tickets.into_iter().filter(|t| decide::asks_for_words(t, &in_force.catalogue));
    let ids: Vec<TicketId> = asking.map(|t| t.id).collect();
    app.store.said(&ids).await
}

/// What one ticket is decided by.
pub(crate) fn known<'a>(
    app: &'a App,
    in_force: Option<&'a InForce>,
    words: Option<&'a String>,
    experience: &'a Now<'_>,
) -> Known<'a> {
    let in_force = in_force.map(|f| (&f.version, &f.catalogue));
    let checked = f64::from(app.settings.limits.checked_permille) / 1000.0;
    let learned = Some(Experience { of: experience.learned(), today: experience.today, checked });
    Known { in_force, zone: app.store.zone(), words: words.map(String::as_str), learned }
}

/// What is to be written for a batch; everything in the order of the tickets' ids.
#[derive(Default)]
struct Work {
    changes: Vec<Change>,
    reasons: HashMap<TicketId, Reasons>,
    waiting: Vec<Row>,
    leaving: Vec<(TicketId, u32)>,
    outcomes: Vec<(TicketId, Outcome)>,
    rulings: Vec<(Ticket, Ruling)>,
    proposed: Vec<Proposed>,
    chosen: Vec<(TicketId, UnitCode)>,
    extensions: Vec<extensions::Standing>,
    today: Option<Date>,
}

impl Work {
    /// Keeps what people did with a ticket, to be learned from.
    fn learn(&mut self, ticket: &Ticket, told: Told, today: Date) {
        self.today = Some(today);
        if told.extended {
            self.extensions.push(extensions::Standing::of(ticket));
        }
        if told.accepted
            && let Some(outcome) = Outcome::of(ticket, today)
        {
            self.outcomes.push((ticket.id, outcome));
        }
        if (told.sent || told.ruled)
            && let Some(lead) = ticket.lead()
        {
            self.chosen.push((ticket.id, lead.unit.clone()));
        }
        if told.ruled
            && let (Some(lead), Some(matter)) = (ticket.lead(), &ticket.matter)
        {
            let assists = ticket.tasks.iter().filter(|task| task.role == TaskRole::Assist && task.is_open());
            let ruling = Ruling {
                number: ticket.number.to_string(),
                matter: matter.clone(),
                area: ticket.area.clone(),
                lead: lead.unit.clone(),
                assists: assists.map(|task| task.unit.clone()).collect(),
            };
            self.rulings.push((ticket.clone(), ruling));
        }
    }

    fn add(&mut self, app: &App, known: &Known<'_>, ticket: Ticket, clean: bool) -> Result<(), StoreError> {
        if let Some((version, _)) = known.in_force
            && decide::is_ready(&ticket)
            && let Decision::Send(sending) = decide::decide(&ticket, known)
        {
            let learned = known.learned.and_then(|experience| experience.of.version());
            let reasons = Reasons::of_sending(&sending, version, &ticket, learned);
            let command = command(app, &ticket, "dispatch", send(sending, version)?)?;
            return self.change(app, ticket, &command, Some(reasons), "refused by the rules");
        }
        if review::ACCEPT_CLEAN_RESULTS && clean {
            let command = command(app, &ticket, "accept", Action::AcceptResult)?;
            return self.change(app, ticket, &command, None, "the result could not be accepted by rules");
        }
        match decide::waits_for(&ticket, known) {
            Some(waiting) => {
                if waiting.reason == decide::Reason::Check
                    && let (Some(first), Some(matter)) = (waiting.candidates.first(), &ticket.matter)
                {
                    let (matter, unit) = (matter.clone(), first.unit.clone());
                    self.proposed.push(Proposed { ticket: ticket.id, matter, unit });
                }
                self.waiting.push(Row::of(&ticket, &waiting));
            }
            None => self.leaving.push((ticket.id, ticket.version)),
        }
        Ok(())
    }

    /// A change that the rules take; one that they refuse is a person's to look at.
    fn change(
        &mut self,
        app: &App,
        ticket: Ticket,
        command: &Command,
        reasons: Option<Reasons>,
        otherwise: &str,
    ) -> Result<(), StoreError> {
        let before = ticket.clone();
        match Change::decide(ticket, command, &app.limits) {
            Ok(change) => {
                if let Some(reasons) = reasons {
                    self.reasons.insert(change.id(), reasons);
                }
                self.changes.push(change);
                Ok(())
            }
            Err(StoreError::Refused(refusal)) => {
                tracing::warn!(ticket = %before.id, reason = refusal.code(), "{otherwise}");
                let reviewed = before.state == State::CloseReview;
                let reason = if reviewed { decide::Reason::Review } else { decide::Reason::NoSingleUnit };
                let waiting = Waiting {
                    reason,
                    because_zh: "系统无法自动处理".into(),
                    because_en: format!("the rules refuse it: {}", refusal.code()),
                    candidates: Vec::new(),
                };
                self.waiting.push(Row::of(&before, &waiting));
                Ok(())
            }
            Err(other) => Err(other),
        }
    }
}

/// Writes a batch in one transaction; answers those that others were faster with.
async fn write(app: &App, work: Work) -> Result<Vec<TicketId>, StoreError> {
    let Work { changes, reasons, waiting, mut leaving, mut outcomes, rulings, proposed, chosen, extensions, today } =
        work;
    let mut tx = app.store.pool().begin().await?;
    let done = app.store.commit_in(&mut tx, changes).await?;
    let mut sent = Vec::new();
    for change in &done.changed {
        leaving.push((change.id(), change.after.version));
        if let Some(reasons) = reasons.get(&change.id()) {
            sent.push((change.id(), change.after.version, reasons));
        } else if let Some(outcome) = today.and_then(|today| Outcome::of(&change.after, today)) {
            outcomes.push((change.id(), outcome));
        }
    }
    let at = app.clock().now();
    tables::remember(&mut tx, at, Tier::Auto, &sent).await?;
    tables::finish(&mut tx, &outcomes).await?;
    tables::propose(&mut tx, at, &proposed).await?;
    tables::choose(&mut tx, at, &chosen).await?;
    extensions::keep(&mut tx, at, &extensions).await?;
    for (ticket, ruling) in &rulings {
        tables::rule(&mut tx, at, ticket, ruling).await?;
    }
    let mut moved_on = tables::wait(&mut tx, &waiting).await?;
    moved_on.extend(tables::leave(&mut tx, leaving).await?);
    app.store.finish(tx).await?;
    metrics::counter!("suban_dispatched_total", "tier" => "auto").increment(sent.len() as u64);
    for row in &waiting {
        metrics::counter!("suban_dispatch_waiting_total", "reason" => row.reason.code()).increment(1);
    }
    Ok(done.overtaken.into_iter().chain(moved_on).collect())
}

/// The public replies of the results under review, masked, each with what was asked; by ticket.
async fn replies_under_review(
    app: &App,
    tickets: &BTreeMap<TicketId, Ticket>,
) -> Result<HashMap<TicketId, (String, suban_store::Told)>, StoreError> {
    let under_review = tickets.values().filter(|t| t.state == State::CloseReview);
    let replies: HashMap<TextId, TicketId> =
        under_review.filter_map(|t| t.result.as_ref().map(|r| (r.reply, t.id))).collect();
    if replies.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<TicketId> = replies.values().copied().collect();
    let texts = app.store.texts_of(&ids).await?;
    // The texts of a ticket stand together.
    let of_tickets = texts.chunk_by(|a, b| a.ticket == b.ticket);
    Ok(of_tickets
        .filter_map(|texts| {
            let reply = texts.iter().find(|text| replies.contains_key(&text.id))?;
            Some((reply.ticket, (reply.masked.clone().unwrap_or_default(), suban_store::Told::of(texts))))
        })
        .collect())
}

fn send(sending: Sending, catalogue: &VersionCode) -> Result<Action, StoreError> {
    let rule =
        VersionCode::new(sending.rule).map_err(|e| StoreError::Damaged { what: "rule", problem: e.to_string() })?;
    Ok(Action::Dispatch {
        lead: sending.lead,
        assists: sending.assists,
        mode: sending.mode,
        tier: Tier::Auto,
        catalogue: catalogue.clone(),
        rule: Some(rule),
        limit: sending.limit,
        lead_allowed: true,
    })
}

/// A command of the system; a replay makes the same request again.
fn command(app: &App, ticket: &Ticket, verb: &str, action: Action) -> Result<Command, StoreError> {
    let request = RequestId::new(format!("{verb}:{}", ticket.version))
        .map_err(|e| StoreError::Damaged { what: "request id", problem: e.to_string() })?;
    Ok(Command { by: App::system(), at: app.clock().now(), request, action })
}
