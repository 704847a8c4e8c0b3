//! The event face: what intake accepted is judged, a batch at a time.

use std::collections::{HashMap, HashSet};

use futures::future::try_join_all;
use suban_bus::{Failure, Message};
use suban_domain::{
    Action, AreaCode, Command, DuplicateClass, Fact, Refusal, RequestId, Ticket, TicketId, Verdict, VersionCode,
};
use suban_service::App;
use suban_store::{Change, Join, StoreError, Twin};
use uuid::Uuid;

use crate::{
    Judge,
    decide::{
        self, Candidate, Judgement,
        alike::{Found, Measures, Weighed, weigh},
    },
    learning::Judging,
    mass::{self, TakenIn},
    memory::Alike,
    suggestions::may_be_asked,
    tables::{self, Suggestion, clusters::Beside},
};

/// Kinds of events that are followed: the first only begins a ticket, after the others it may have to be judged, for the
/// first time or again.
pub(crate) const FOLLOWED: &[&str] =
    &["submitted", "accepted", "return_approved", "unmerged", "reopened", "amended", "supplemented"];

/// Judges the tickets of a batch; those that are judged already are left alone, unless what they say has changed.
///
/// # Errors
/// When the database is away: the batch comes again.
pub async fn judge(judge: &Judge, batch: &[Message]) -> Result<(), Failure> {
    let app = &judge.app;
    let told: HashSet<TicketId> = batch.iter().filter(|m| m.kind != FOLLOWED[0]).map(|m| m.ticket).collect();
    // As the messages left them, those that have not gone on since: a batch that comes again is judged once.
    let mut after = app.folded.after(&app.store, batch).await?;
    let changed: HashSet<TicketId> = batch.iter().filter(|m| says_otherwise(m)).map(|m| m.ticket).collect();
    ask_again(judge, after.values().filter(|ticket| changed.contains(&ticket.id)).map(|t| Ticket::clone(t))).await?;
    after.retain(|id, ticket| told.contains(id) && (waits_for_verdict(ticket) || follows_unjudged(ticket)));
    let gone_on = app.store.gone_on(after.values().map(|ticket| (ticket.id, ticket.version))).await?;
    let mut blocks: [Block; BLOCKS] = Default::default();
    let whole = after.len() < MANY;
    let block = |area: Option<&AreaCode>| if whole { 0 } else { block_of(area) };
    for (id, ticket) in after {
        let block = &mut blocks[block(ticket.area.as_ref())];
        if gone_on.contains(&id) {
            block.to_load.push(id);
        } else {
            block.tickets.insert(id, Ticket::clone(&ticket));
        }
    }
    // While one block waits for the database, another is compared.
    try_join_all(blocks.into_iter().map(|block| judge_block(judge, block))).await?;
    Ok(())
}

/// Compares tickets that were judged once more, for more is known of them now. People are asked; what was sent to a unit
/// is not merged behind its back.
pub(crate) async fn ask_again(judge: &Judge, tickets: impl Iterator<Item = Ticket>) -> Result<(), StoreError> {
    let judged: Vec<Ticket> = tickets.filter(|t| may_be_asked(t) && !waits_for_verdict(t)).collect();
    find_alike(judge, judged, &HashMap::new(), &mut Suggestions::default()).await
}

/// Tickets that are judged in their order: neighbours are of one block.
#[derive(Default)]
struct Block {
    tickets: HashMap<TicketId, Ticket>,
    to_load: Vec<TicketId>,
}

/// Blocks that are judged at once.
const BLOCKS: usize = 2;
/// Fewer tickets than this are one block.
const MANY: usize = 100;

/// The block of an area; what lies nowhere is of one block. All are compared in one memory, so that nothing is missed
/// between two blocks: what is judged later sees what was judged before.
fn block_of(area: Option<&AreaCode>) -> usize {
    let code = area.map_or("", |area| area.as_str());
    code.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % BLOCKS
}

/// Judges a block until nobody of it waits for a verdict.
async fn judge_block(judge: &Judge, block: Block) -> Result<(), StoreError> {
    let (app, Block { mut tickets, to_load: mut open }) = (&judge.app, block);
    loop {
        tickets.extend(app.store.load(&open).await?);
        let mut waiting: Vec<&Ticket> = tickets.values().filter(|t| waits_for_verdict(t)).collect();
        let followers: Vec<&Ticket> = tickets.values().filter(|t| follows_unjudged(t)).collect();
        if waiting.is_empty() && followers.is_empty() {
            return Ok(());
        }
        waiting.sort_unstable_by_key(|ticket| ticket.id);
        let TakenIn { joined, by_site } = mass::take_in(app, &waiting, &followers).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let own: Vec<&Ticket> = waiting.iter().filter(|t| !joined.contains(&t.id)).copied().collect();
        let Twins { joined, mut suggestions } = join_twins(judge, &own).await?;
        let alone: Vec<Ticket> = own.iter().filter(|t| !joined.contains(&t.id)).map(|t| (*t).clone()).collect();
        find_alike(judge, alone, &by_site, &mut suggestions).await?;
        open = give_verdicts(judge, &waiting, &suggestions).await?;
        tickets.clear();
    }
}

/// A ticket that went on without a verdict while nobody judged is judged when somebody does.
fn waits_for_verdict(ticket: &Ticket) -> bool {
    let unjudged = matches!(ticket.verdict, None | Some(Verdict::NotJudged));
    unjudged && ticket.state.is_open() && ticket.master().is_none()
}

/// Put behind a twin that was judged first: nothing is left to judge, but its call belongs to a mass event all the same.
fn follows_unjudged(ticket: &Ticket) -> bool {
    ticket.verdict.is_none() && ticket.master().is_some()
}

/// Does a ticket say something else after this: other words, another place or matter?
fn says_otherwise(message: &Message) -> bool {
    if !matches!(message.kind.as_ref(), "amended" | "supplemented") {
        return false;
    }
    // What cannot be opened is named by the fold.
    message.recorded().is_ok_and(|recorded| {
        if let Fact::Amended { matter, area, point, title, .. } = &recorded.event.fact {
            matter.is_some() || area.is_some() || point.is_some() || title.is_some()
        } else {
            true
        }
    })
}

/// What was found for a ticket that does not join another.
type Suggestions = HashMap<TicketId, Vec<TicketId>>;

/// What came of tickets in the same words.
#[derive(Default)]
struct Twins {
    /// Those that follow another now.
    joined: HashSet<TicketId>,
    /// What a person is asked about the rest.
    suggestions: Suggestions,
}

/// Joins those that are surely the same; answers the suggestions for the rest.
async fn join_twins(judge: &Judge, waiting: &[&Ticket]) -> Result<Twins, StoreError> {
    let app = &judge.app;
    let mut found = Twins::default();
    let ids: Vec<TicketId> = waiting.iter().map(|t| t.id).collect();
    let twins = app.store.twins(&ids).await?;
    if twins.is_empty() {
        return Ok(found);
    }
    let others: Vec<TicketId> = twins.iter().map(|twin: &Twin| twin.other).collect();
    let heads = heads(app, &others).await?;
    let in_force = app.catalogues.now();
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let pairs: Vec<(TicketId, TicketId)> =
        twins.iter().filter_map(|twin| Some((twin.of, heads.get(&twin.other)?.id))).collect();
    let apart = app.store.kept_apart(&pairs).await?;
    for ticket in waiting {
        let candidates: Vec<Candidate<'_>> = twins
            .iter()
            .filter(|twin| twin.of == ticket.id)
            .filter_map(|twin| {
                let head = heads.get(&twin.other)?;
                let kept_apart = apart.contains(&(ticket.id, head.id));
                // Who speaks for many is nobody in particular.
                let many = twin.phone.as_ref().is_some_and(|phone| judge.memory.is_switchboard(phone));
                let same_person = twin.same_person && !many;
                Some(Candidate { head, same_area: twin.same_area, same_person, kept_apart })
            })
            .collect();
        match decide::judge(ticket, &candidates, catalogue) {
            Judgement::Unique => {}
            Judgement::Suggested(others) => {
                found.suggestions.insert(ticket.id, others);
            }
            Judgement::Same { head, class } => {
                let allowed = |member: &Ticket, master: &Ticket| decide::may_join(member, master, class, catalogue);
                if join(app, ticket, head, class, judge.memory.judging().basis.clone(), allowed).await? {
                    found.joined.insert(ticket.id);
                } else {
                    found.suggestions.insert(ticket.id, vec![head]);
                }
            }
        }
    }
    Ok(found)
}

/// Looks for tickets that are alike, holds these for those that come, and keeps what people are asked. Only what is
/// likely enough keeps a ticket waiting. What is about the same site of a mass event joins without a person.
async fn find_alike(
    judge: &Judge,
    alone: Vec<Ticket>,
    by_site: &HashMap<TicketId, Uuid>,
    suggestions: &mut Suggestions,
) -> Result<(), StoreError> {
    if alone.is_empty() {
        return Ok(());
    }
    let Judge { app, memory } = judge;
    let all_of = by_site.keys().copied().collect();
    let (mut alone, found) = memory.judge(app, alone, all_of).await?;
    if found.is_empty() {
        return Ok(());
    }
    let (heads, apart) = around(app, &alone, &found).await?;
    let joined = mass::join_sites(app, &alone, by_site, &found, (&heads, &apart)).await?;
    alone.retain(|ticket| !joined.contains(&ticket.id));
    let now = app.clock().now();
    let judging = memory.judging();
    let weighed = weigh_all(app, &judging, &alone, &found, (&heads, &apart));
    let joined = join_sure(app, &judging, &alone, &weighed).await?;
    let (mut asked, mut beside) = (Vec::new(), Vec::new());
    for ticket in &alone {
        let Some(Weighed { asked: questions, beside: earlier, .. }) = weighed.get(&ticket.id) else { continue };
        if !earlier.is_empty() {
            beside.push(Beside { ticket: ticket.id, earlier: earlier.clone() });
        }
        for one in questions.iter().filter(|_| !joined.contains(&ticket.id)) {
            if f64::from(one.probability) >= app.settings.duplicates.hold_from {
                let heads = suggestions.entry(ticket.id).or_default();
                if !heads.contains(&one.head) {
                    heads.push(one.head);
                }
            }
            metrics::counter!("suban_suggestions_total", "class" => one.class.code()).increment(1);
            let (suggested, basis) = (one.clone(), judging.basis.to_string());
            asked.push(Suggestion { ticket: ticket.id, suggested, basis, at: now, matter: ticket.matter.clone() });
        }
    }
    tables::put(app.store.pool(), asked).await?;
    tables::clusters::put(app.store.pool(), &beside, now).await
}

/// Joins those that are sure enough by what the city's answers taught; answers who joined.
async fn join_sure(
    app: &App,
    judging: &Judging,
    tickets: &[Ticket],
    weighed: &HashMap<TicketId, Weighed>,
) -> Result<HashSet<TicketId>, StoreError> {
    let in_force = app.catalogues.now();
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let mut joined = HashSet::new();
    for ticket in tickets.iter().filter(|ticket| waits_for_verdict(ticket)) {
        let Some((head, class)) = weighed.get(&ticket.id).and_then(|weighed| weighed.sure) else { continue };
        let allowed = |member: &Ticket, master: &Ticket| decide::may_join(member, master, class, catalogue);
        if join(app, ticket, head, class, judging.basis.clone(), allowed).await? {
            joined.insert(ticket.id);
        }
    }
    Ok(joined)
}

/// Pairs that a person keeps apart.
pub(crate) type Apart = HashSet<(TicketId, TicketId)>;

/// The heads of the groups that were found, by what was found, and what people keep apart of it.
async fn around(
    app: &App,
    tickets: &[Ticket],
    found: &HashMap<TicketId, Vec<Alike>>,
) -> Result<(HashMap<TicketId, Ticket>, Apart), StoreError> {
    let others: Vec<TicketId> = found.values().flatten().map(|alike| alike.ticket).collect();
    let heads = heads(app, &others).await?;
    let pairs = tickets.iter().flat_map(|t| found.get(&t.id).into_iter().flatten().map(move |alike| (t.id, alike)));
    let pairs: Vec<_> = pairs.filter_map(|(t, alike)| Some((t, heads.get(&alike.ticket)?.id))).collect();
    let apart = app.store.kept_apart(&pairs).await?;
    Ok((heads, apart))
}

/// What follows for each of the tickets for which something was found.
fn weigh_all(
    app: &App,
    judging: &Judging,
    tickets: &[Ticket],
    found: &HashMap<TicketId, Vec<Alike>>,
    (heads, apart): (&HashMap<TicketId, Ticket>, &Apart),
) -> HashMap<TicketId, Weighed> {
    let in_force = app.catalogues.now();
    let (catalogue, now) = (in_force.as_ref().map(|f| &f.catalogue), app.clock().now());
    let measures = Measures { learned: &judging.learned, keep: &app.settings.duplicates, lots: judging.lots };
    let weighed = tickets.iter().filter_map(|ticket| {
        let of_it = found.get(&ticket.id)?.iter().filter_map(|alike| {
            let head = heads.get(&alike.ticket)?;
            Some(Found { alike, head, kept_apart: apart.contains(&(ticket.id, head.id)) })
        });
        Some((ticket.id, weigh(ticket, &of_it.collect::<Vec<_>>(), catalogue, measures, now)))
    });
    weighed.collect()
}

/// The heads of the groups that tickets are in, by ticket.
pub(crate) async fn heads(app: &App, others: &[TicketId]) -> Result<HashMap<TicketId, Ticket>, StoreError> {
    let others = app.store.load(others).await?;
    let masters: Vec<TicketId> = others.values().filter_map(Ticket::master).collect();
    let masters = app.store.load(&masters).await?;
    Ok(others
        .into_iter()
        .filter_map(|(id, ticket)| match ticket.master() {
            Some(master) => masters.get(&master).cloned().map(|m| (id, m)),
            None => Some((id, ticket)),
        })
        .collect())
}

/// Joins two tickets; false when the rules, looked at again under the locks, forbid it.
pub(crate) async fn join(
    app: &App,
    ticket: &Ticket,
    head: TicketId,
    class: DuplicateClass,
    basis: VersionCode,
    allowed: impl Fn(&Ticket, &Ticket) -> Result<(), Refusal> + Send + Sync,
) -> Result<bool, StoreError> {
    let (by, at, request) = (App::system(), app.clock().now(), request("join", ticket)?);
    let join = Join { a: ticket.id, b: head, class, basis, by, at, request };
    match app.store.join(&join, &app.limits, allowed).await {
        Ok(_) => Ok(true),
        Err(StoreError::Refused(refusal)) => {
            tracing::debug!(reason = refusal.code(), "not merged");
            Ok(false)
        }
        Err(other) => Err(other),
    }
}

/// Says of every ticket that follows none whether it is new; answers those that others were faster with.
async fn give_verdicts(
    judge: &Judge,
    waiting: &[&Ticket],
    suggestions: &Suggestions,
) -> Result<Vec<TicketId>, StoreError> {
    let (app, judging) = (&judge.app, judge.memory.judging());
    let mut changes = Vec::new();
    // Those that just joined or became masters are overtaken here, and looked at once more.
    for ticket in waiting.iter().map(|t| (*t).clone()) {
        let candidates = suggestions.get(&ticket.id).cloned().unwrap_or_default();
        let verdict = if candidates.is_empty() { Verdict::Unique } else { Verdict::Suggested };
        let command = Command {
            by: App::system(),
            at: app.clock().now(),
            request: request("judge", &ticket)?,
            action: Action::Judge { verdict, candidates, basis: judging.basis.clone() },
        };
        match Change::decide(ticket, &command, &app.limits) {
            Ok(change) => changes.push(change),
            Err(StoreError::Refused(refusal)) => tracing::debug!(reason = refusal.code(), "verdict not taken"),
            Err(other) => return Err(other),
        }
    }
    changes.sort_by_key(Change::id);
    metrics::counter!("suban_judged_total").increment(changes.len() as u64);
    let done = app.store.commit(changes).await?;
    for (ticket, problem) in done.failed {
        tracing::error!(%ticket, problem, "a verdict could not be written");
    }
    Ok(done.overtaken)
}

/// A request id that a replay makes again: the ticket and how far it had come.
fn request(verb: &str, ticket: &Ticket) -> Result<RequestId, StoreError> {
    RequestId::new(format!("{verb}:{}:{}", ticket.id, ticket.version))
        .map_err(|e| StoreError::Damaged { what: "request id", problem: e.to_string() })
}
