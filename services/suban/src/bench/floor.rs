//! `suban bench floor`: the bare reads and writes of the flow, the yardstick of its throughput (design §8).
//!
//! The store's own statements in batches of 200, one connection a stage, the real relay, topic and groups, and gRPC
//! submits that do nothing. Reading, masking and sealing are done before; what is left of our own work is the pure
//! decision about each ticket, without which the rows would be others. Everything runs in this process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

use anyhow::Context as _;
use suban_bus::{Batches, Failure, Group, Message, Relay, run as deliver};
use suban_dedup::decide::{BASIS, Candidate, Judgement, judge, may_join};
use suban_dispatch::{
    decide::{Decision, Known, asks_for_words, decide, waits_for},
    tables::{self as queue, Reasons},
};
use suban_domain::{Action, Command, DuplicateClass, Limits, RequestId, Ticket, TicketId, Tier, Verdict, VersionCode};
use suban_runtime::{Health, Secret, Service, Settings, Tasks};
use suban_scoring::{decide::facts, tables as scores};
use suban_service::{App, Catalogues, InForce};
use suban_store::{Change, Join, NewTicket, Store, StoreError};
use tokio::sync::mpsc;

use super::{
    args, flow,
    ground::Ground,
    load::{Acked, Load},
    meter::{self, Meter},
    nothing,
    prepared::Maker,
    report::Report,
    words,
};

/// Tickets of one batch, as everywhere.
const BATCH: usize = 200;

/// Runs it, after the flow where that is wanted.
pub(crate) async fn run(settings: Settings, how: &args::Floor) -> anyhow::Result<Report> {
    let flow = if how.flow {
        let ground = args::Ground { keep: false, ..how.ground.clone() };
        let flow = args::Flow { tickets: how.tickets, rate: None, preload: 0, snapshot: false, ground };
        Some(flow::run(settings.clone(), &flow).await?)
    } else {
        None
    };
    anyhow::ensure!(!how.ground.attach, "bench floor is its own city, so it cannot --attach to another");
    let ground = Ground::prepare(settings, &how.ground).await?;
    let (tasks, health) = (Tasks::new(), Health::new());
    let report = measure(&ground, how, &tasks, &health).await;
    tasks.stop_within(&health, ground.settings.limits.drain).await?;
    ground.leave().await?;
    let mut report = report?;
    if let Some(flow) = flow {
        report.share = flow.per_s.zip(report.per_s).map(|(ours, floor)| meter::round3(ours / floor));
        report.flow = Some(Box::new(flow));
    }
    Ok(report)
}

async fn measure(ground: &Ground, how: &args::Floor, tasks: &Tasks, health: &Health) -> anyhow::Result<Report> {
    let settings = &ground.settings;
    let in_force = Catalogues::once(&ground.store).await?.context("no catalogue is in force")?;
    let requests = words::requests(&ground.catalogue, &flow::run_name(), how.ground.seed, how.tickets);
    let maker = Maker::new(&ground.store, Arc::clone(&in_force))?;
    let prepared = requests.iter().map(|r| maker.ticket(r)).collect::<Result<Vec<_>, _>>()?;

    suban_bus::ensure_topics(settings).await?;
    Relay::spawn(settings, ground.store.written(), tasks, health)?;
    let stage = async || Stage::new(ground, &in_force).await;
    consume(settings, suban_dedup::GROUP, stage().await?, tasks, health, |s, b| {
        Box::pin(async move { s.judge(b).await })
    })
    .await?;
    consume(settings, suban_dispatch::GROUP, stage().await?, tasks, health, |s, b| {
        Box::pin(async move { s.dispatch(b, &["judged", "merged_into"]).await })
    })
    .await?;
    consume(settings, suban_followup::GROUP, stage().await?, tasks, health, |_, _| Box::pin(async { Ok(()) })).await?;
    consume(settings, suban_scoring::GROUP, stage().await?, tasks, health, |s, b| {
        Box::pin(async move { s.count(b).await })
    })
    .await?;
    let hinted = stage().await?;
    let batches = Batches::urgent(settings, suban_dispatch::URGENT_GROUP, tasks, health).await?;
    tasks.spawn(
        suban_dispatch::URGENT_GROUP.name,
        deliver(batches, hinted, |s: &Stage, b| Box::pin(async move { s.dispatch(b, &["hint"]).await })),
    );
    let (acked, heard) = mpsc::unbounded_channel();
    tasks.spawn("create", create(stage().await?, prepared, heard));
    tasks.spawn("nothing", nothing::serve(settings.listen.address(Service::Intake), tasks.stop()));
    let load = Load {
        to: settings.peer(Service::Intake),
        settings: settings.clone(),
        token: Secret::new("nobody"),
        rate: None,
        journal: None,
    };

    let meter = Meter::of(ground, &[])?;
    let rows = meter.rows().await?;
    let before = meter.read().await?;
    let begun = Instant::now();
    load.submit(requests, Some(acked)).await?;
    let written = wait_for(ground, how.tickets, tasks).await?;
    let seconds = ground.quiet().await?.duration_since(begun).as_secs_f64();
    let after = meter.read().await?;

    let mut report = Report::new("floor", how.tickets);
    report.rss_mb_by = meter.memory();
    let rows = meter.rows().await? - rows;
    let (cpu, per_ticket) = meter::cost(&before, &after, Some(rows), how.tickets);
    report.seconds = Some(meter::round3(seconds));
    report.per_s = Some((f64::from(how.tickets) / seconds).round());
    report.errors = u64::from(how.tickets).saturating_sub(written);
    report.cpu_ms_per_ticket = Some(cpu);
    report.per_ticket = Some(per_ticket);
    Ok(report)
}

/// The submits were answered before anything was written: waits until all of them are.
async fn wait_for(ground: &Ground, tickets: u32, tasks: &Tasks) -> anyhow::Result<u64> {
    loop {
        let written: i64 =
            sqlx::query_scalar("select count(*) from core.ticket").fetch_one(ground.store.pool()).await?;
        if written >= i64::from(tickets) {
            return Ok(written.unsigned_abs());
        }
        if let Some(failure) = tasks.failure() {
            return Err(failure.into());
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// What a stage does with a batch.
type Handler = for<'a> fn(&'a Stage, &'a [Message]) -> futures::future::BoxFuture<'a, Result<(), Failure>>;

async fn consume(
    settings: &Settings,
    group: Group,
    stage: Stage,
    tasks: &Tasks,
    health: &Health,
    handler: Handler,
) -> anyhow::Result<()> {
    let batches = Batches::tickets(settings, group, tasks, health).await?;
    tasks.spawn(group.name, deliver(batches, stage, handler));
    Ok(())
}

/// What is answered is written, a batch at a time.
async fn create(
    stage: Stage,
    prepared: Vec<NewTicket>,
    mut heard: mpsc::UnboundedReceiver<Acked>,
) -> Result<(), StoreError> {
    let mut prepared = prepared.into_iter();
    let mut arrived = Vec::with_capacity(BATCH);
    while heard.recv_many(&mut arrived, BATCH).await > 0 {
        let batch: Vec<NewTicket> = prepared.by_ref().take(arrived.len()).collect();
        arrived.clear();
        for created in stage.store.create(&batch, &stage.limits).await? {
            created?;
        }
    }
    Ok(())
}

/// One stage with one connection.
struct Stage {
    store: Store,
    limits: Limits,
    in_force: Arc<InForce>,
}

impl Stage {
    async fn new(ground: &Ground, in_force: &Arc<InForce>) -> anyhow::Result<Self> {
        // A block of ticket numbers is reserved beside the transaction that needs it: a second connection, seldom.
        let mut settings = ground.settings.clone();
        settings.database.max_connections = 2;
        let pool = suban_store::connect_pool(&settings).await?;
        let keys = suban_runtime::Keys::load(&ground.settings)?;
        let store = Store::new(pool, keys, ground.store.clock().clone(), ground.settings.city.time_zone());
        Ok(Self { store, limits: Limits::sz_district(), in_force: Arc::clone(in_force) })
    }

    fn command(&self, verb: &str, ticket: &Ticket, action: Action) -> Result<Command, StoreError> {
        let request = RequestId::new(format!("{verb}:{}", ticket.version)).map_err(damaged)?;
        Ok(Command { by: App::system(), at: self.store.clock().now(), request, action })
    }

    async fn judge(&self, batch: &[Message]) -> Result<(), Failure> {
        let ids = tickets(batch, &["accepted"]);
        if ids.is_empty() {
            return Ok(());
        }
        let loaded = self.store.load(&ids).await?;
        let twins = self.store.twins(&ids).await?;
        let others: Vec<TicketId> = twins.iter().map(|t| t.other).collect();
        let others = if others.is_empty() { HashMap::new() } else { self.store.load(&others).await? };
        let mut changes = Vec::new();
        for ticket in ids.iter().filter_map(|id| loaded.get(id)).filter(|t| t.verdict.is_none() && t.master().is_none())
        {
            let candidates: Vec<Candidate<'_>> = twins
                .iter()
                .filter(|t| t.of == ticket.id)
                .filter_map(|t| {
                    let head = others.get(&t.other)?;
                    Some(Candidate { head, same_area: t.same_area, same_person: t.same_person, kept_apart: false })
                })
                .collect();
            if let Judgement::Same { head, class } = judge(ticket, &candidates, Some(&self.in_force.catalogue)) {
                self.join(ticket, head, class).await?;
                continue;
            }
            let action = Action::Judge { verdict: Verdict::Unique, candidates: Vec::new(), basis: basis()? };
            let command = self.command("judge", ticket, action)?;
            match Change::decide(ticket.clone(), &command, &self.limits) {
                Ok(change) => changes.push(change),
                Err(StoreError::Refused(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        self.store.commit(changes).await?;
        Ok(())
    }

    async fn join(&self, ticket: &Ticket, head: TicketId, class: DuplicateClass) -> Result<(), StoreError> {
        let join = Join {
            a: ticket.id,
            b: head,
            class,
            basis: basis()?,
            by: App::system(),
            at: self.store.clock().now(),
            request: RequestId::new(format!("join:{}", ticket.version)).map_err(damaged)?,
        };
        let allowed =
            |member: &Ticket, master: &Ticket| may_join(member, master, class, Some(&self.in_force.catalogue));
        match self.store.join(&join, &self.limits, allowed).await {
            Ok(_) | Err(StoreError::Refused(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    async fn dispatch(&self, batch: &[Message], after: &[&str]) -> Result<(), Failure> {
        let ids = tickets(batch, after);
        if ids.is_empty() {
            return Ok(());
        }
        let loaded = self.store.load(&ids).await?;
        let in_force = Some((&self.in_force.version, &self.in_force.catalogue));
        let asking = loaded.values().filter(|t| asks_for_words(t, &self.in_force.catalogue)).map(|t| t.id);
        let asking: Vec<TicketId> = asking.collect();
        let words = self.store.said(&asking).await?;
        let (mut changes, mut reasons, mut waiting) = (Vec::new(), HashMap::new(), Vec::new());
        for ticket in ids.iter().filter_map(|id| loaded.get(id)) {
            let words = words.get(&ticket.id).map(String::as_str);
            let known = Known { in_force, zone: self.store.zone(), words, learned: None };
            if suban_dispatch::decide::is_ready(ticket)
                && let Decision::Send(sending) = decide(ticket, &known)
            {
                reasons.insert(ticket.id, Reasons::of_sending(&sending, &self.in_force.version, ticket, None));
                let action = Action::Dispatch {
                    lead: sending.lead,
                    assists: sending.assists,
                    mode: sending.mode,
                    tier: Tier::Auto,
                    catalogue: self.in_force.version.clone(),
                    rule: Some(VersionCode::new(sending.rule).map_err(damaged)?),
                    limit: sending.limit,
                    lead_allowed: true,
                };
                changes.push(Change::decide(ticket.clone(), &self.command("dispatch", ticket, action)?, &self.limits)?);
            } else if let Some(why) = waits_for(ticket, &known) {
                waiting.push(queue::Row::of(ticket, &why));
            }
        }
        let mut tx = self.store.pool().begin().await?;
        let done = self.store.commit_in(&mut tx, changes).await?;
        let sent: Vec<_> =
            done.changed.iter().filter_map(|c| Some((c.id(), c.after.version, reasons.get(&c.id())?))).collect();
        queue::remember(&mut tx, self.store.clock().now(), Tier::Auto, &sent).await?;
        queue::wait(&mut tx, &waiting).await?;
        let sent = done.changed.iter().map(|c| (c.id(), c.after.version));
        queue::leave(&mut tx, sent.collect()).await?;
        self.store.finish(tx).await?;
        Ok(())
    }

    async fn count(&self, batch: &[Message]) -> Result<(), Failure> {
        let loaded = self.store.load(&tickets(batch, &["submitted", "accepted", "dispatched", "merged_into"])).await?;
        let rows = loaded.values().flat_map(|t| facts(t).into_iter().map(|fact| scores::Row::new(t, fact)));
        scores::put(self.store.pool(), rows.collect::<Result<_, _>>()?).await?;
        Ok(())
    }
}

/// The tickets of events of these kinds, in the order of their ids.
fn tickets(batch: &[Message], kinds: &[&str]) -> Vec<TicketId> {
    let ids: BTreeSet<TicketId> = batch.iter().filter(|m| kinds.contains(&m.kind.as_ref())).map(|m| m.ticket).collect();
    ids.into_iter().collect()
}

fn basis() -> Result<VersionCode, StoreError> {
    VersionCode::new(BASIS).map_err(damaged)
}

fn damaged(problem: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { what: "code", problem: problem.to_string() }
}
