//! The gRPC face: figures by unit, area and channel, their proof, and the live page's numbers.

use suban_domain::{At, Channel, Span, State, Ticket, TicketId, Tier};
use suban_proto::v1::{self, scoring_service_server::ScoringService};
use suban_runtime::{
    access::{caller, policy},
    errors,
};
use suban_service::{App, InForce, status, view};
use tonic::{Request, Response, Status};

use crate::{
    tables::{self, Group, Sums},
    verify,
};

/// Answers ScoringService.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
}

/// How far ahead "about to be late" looks.
const SOON: Span = Span::hours(2);

#[tonic::async_trait]
impl ScoringService for Api {
    async fn figures(&self, request: Request<v1::FiguresRequest>) -> Result<Response<v1::FiguresReply>, Status> {
        policy::may_watch(caller(&request)?)?;
        let ask = request.into_inner();
        let (from, to) = period(ask.from, ask.to)?;
        let group = match v1::GroupBy::try_from(ask.group_by) {
            Ok(v1::GroupBy::Unit) => Group::Unit,
            Ok(v1::GroupBy::Area) => Group::Area,
            Ok(v1::GroupBy::Channel) => Group::Channel,
            Ok(v1::GroupBy::Unspecified) | Err(_) => {
                return Err(errors::invalid("group_by", "must be unit, area or channel"));
            }
        };
        let in_force = self.app.catalogues.now();
        let sums = self.sums(from, to, group).await?;
        let rows = sums
            .iter()
            .filter(|s| ask.only.is_empty() || s.key == ask.only)
            .map(|s| row(s, name(in_force.as_deref(), group, &s.key)))
            .collect();
        // The total is of tickets, not of units: a joint ticket would count twice.
        let tickets = self.sums(from, to, Group::Channel).await?;
        let units = if group == Group::Unit { sums } else { self.sums(from, to, Group::Unit).await? };
        Ok(Response::new(v1::FiguresReply {
            rows,
            total: Some(total(&tickets, &units)),
            as_of: Some(view::timestamp(self.app.clock().now())),
        }))
    }

    async fn verify(&self, request: Request<v1::VerifyRequest>) -> Result<Response<v1::VerifyReply>, Status> {
        policy::may_watch(caller(&request)?)?;
        let ask = request.into_inner();
        // Absent means everything there is.
        let now = view::timestamp(self.app.clock().now().plus(Span::seconds(1)));
        let beginning = prost_types::Timestamp::default();
        let (from, to) = period(ask.from.or(Some(beginning)), ask.to.or(Some(now)))?;
        let verified = verify::verify(&self.app, from, to, ask.sample).await.map_err(|e| status(&e))?;
        Ok(Response::new(v1::VerifyReply {
            checked: verified.checked,
            differing: verified.differing,
            examples: verified
                .examples
                .into_iter()
                .map(|d| v1::FactDifference {
                    number: d.ticket.to_string(),
                    unit: d.unit,
                    field: "body".into(),
                    kept: d.kept,
                    recomputed: d.recomputed,
                    version: d.version,
                })
                .collect(),
        }))
    }

    async fn live(&self, request: Request<v1::LiveRequest>) -> Result<Response<v1::LiveReply>, Status> {
        policy::may_watch(caller(&request)?)?;
        let ask = request.into_inner();
        let window = ask.window.map_or(Span::days(1), |w| Span::seconds(w.seconds));
        if window <= Span::ZERO || window > Span::days(400) {
            return Err(errors::invalid("window", "must be more than nothing and at most 400 days"));
        }
        let now = self.app.clock().now();
        let since = now.minus(window);
        let to = now.plus(Span::seconds(1));
        let in_force = self.app.catalogues.now();
        let channels = self.sums(since, to, Group::Channel).await?;
        let units = self.sums(since, to, Group::Unit).await?;
        let areas = self.sums(since, to, Group::Area).await?;
        let all = total(&channels, &units);
        let (stages, open) = self.stages(in_force.as_deref()).await?;
        let pool = self.app.store.pool();
        let soon = tables::due_before(pool, now, now.plus(SOON), 20).await.map_err(db)?;
        let late_soon = self.late_soon(&soon, in_force.as_deref()).await?;
        let overdue = tables::due_before(pool, At::from_micros(0), now, 10_000).await.map_err(db)?;
        let auto: u64 = channels.iter().map(|s| s.of("dispatched_auto")).sum();
        let sent: u64 = channels.iter().map(|s| s.of("dispatched")).sum();
        Ok(Response::new(v1::LiveReply {
            at: Some(view::timestamp(now)),
            since: Some(view::timestamp(since)),
            by_channel: channels
                .iter()
                .map(|s| {
                    let (zh, en) = name(in_force.as_deref(), Group::Channel, &s.key);
                    v1::LiveCount { key: s.key.clone(), name_zh: zh, name_en: en, count: s.of("received") }
                })
                .collect(),
            stages,
            about_to_be_late: soon.len() as u64,
            late_soon,
            overdue: overdue.len() as u64,
            by_tier: vec![tier(Tier::Auto, auto), tier(Tier::Manual, sent.saturating_sub(auto))],
            merged: channels.iter().map(|s| s.of("merged")).sum(),
            on_time: all.handled_in_time,
            satisfied: all.satisfied,
            solved: all.solved,
            by_unit: units.iter().map(|s| live_row(s, name(in_force.as_deref(), Group::Unit, &s.key))).collect(),
            by_area: areas.iter().map(|s| live_row(s, name(in_force.as_deref(), Group::Area, &s.key))).collect(),
            received: channels.iter().map(|s| s.of("received")).sum(),
            ended: channels.iter().map(|s| s.of("received")).sum::<u64>().saturating_sub(open),
        }))
    }
}

impl Api {
    async fn sums(&self, from: At, to: At, group: Group) -> Result<Vec<Sums>, Status> {
        tables::sums(self.app.store.pool(), from, to, group).await.map_err(db)
    }

    /// Every stage's queue with its oldest ticket and who holds it.
    async fn stages(&self, in_force: Option<&InForce>) -> Result<(Vec<v1::StageQueue>, u64), Status> {
        let stages = tables::stages(self.app.store.pool()).await.map_err(db)?;
        let oldest: Vec<TicketId> = stages.iter().filter_map(|(_, _, id)| id.map(TicketId::new)).collect();
        let oldest = self.app.store.load(&oldest).await.map_err(|e| status(&e))?;
        let mut open = 0;
        let rows = stages
            .into_iter()
            .filter_map(|(state, count, id)| {
                let state = State::from_number(i32::from(state))?;
                let count = u64::try_from(count).unwrap_or(0);
                if state.is_open() {
                    open += count;
                }
                let ticket = id.and_then(|id| oldest.get(&TicketId::new(id)));
                let unit = ticket.and_then(Ticket::lead).map(|t| t.unit.clone());
                Some(v1::StageQueue {
                    state: state.number(),
                    waiting: count,
                    oldest_number: ticket.map(|t| t.number.to_string()).unwrap_or_default(),
                    oldest_since: ticket.map(|t| view::timestamp(t.received_at)),
                    held_by_name: unit
                        .as_ref()
                        .and_then(|u| in_force.and_then(|f| f.catalogue.unit(u)))
                        .map(|u| u.name.clone())
                        .unwrap_or_default(),
                    held_by: unit.map(|u| u.to_string()).unwrap_or_default(),
                })
            })
            .collect();
        Ok((rows, open))
    }

    async fn late_soon(
        &self,
        soon: &[(uuid::Uuid, Option<String>)],
        in_force: Option<&InForce>,
    ) -> Result<Vec<v1::LateSoon>, Status> {
        let ids: Vec<TicketId> = soon.iter().map(|(id, _)| TicketId::new(*id)).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        Ok(ids
            .iter()
            .filter_map(|id| tickets.get(id))
            .map(|ticket| {
                let task = ticket.lead();
                let unit = task.map(|t| t.unit.clone());
                v1::LateSoon {
                    number: ticket.number.to_string(),
                    unit_name: unit
                        .as_ref()
                        .and_then(|u| in_force.and_then(|f| f.catalogue.unit(u)))
                        .map(|u| u.name.clone())
                        .unwrap_or_default(),
                    unit: unit.map(|u| u.to_string()).unwrap_or_default(),
                    due: ticket.next_due().map(view::timestamp),
                    task_state: task.map_or(0, |t| t.state.number()),
                }
            })
            .collect())
    }
}

fn db(error: suban_store::StoreError) -> Status {
    status(&error)
}

fn period(from: Option<prost_types::Timestamp>, to: Option<prost_types::Timestamp>) -> Result<(At, At), Status> {
    let at = |field: &'static str, t: Option<prost_types::Timestamp>| {
        let t = t.ok_or_else(|| errors::invalid(field, "is missing"))?;
        t.seconds
            .checked_mul(1_000_000)
            .map(|micros| At::from_micros(micros + i64::from(t.nanos) / 1000))
            .filter(|_| (0..1_000_000_000).contains(&t.nanos))
            .ok_or_else(|| errors::invalid(field, "is no instant"))
    };
    let (from, to) = (at("from", from)?, at("to", to)?);
    if to <= from {
        return Err(errors::invalid("to", "must be later than from"));
    }
    Ok((from, to))
}

/// What a key is called, in Chinese and English.
fn name(in_force: Option<&InForce>, group: Group, key: &str) -> (String, String) {
    let both = |name: String| (name.clone(), name);
    match group {
        Group::Unit => key
            .parse()
            .ok()
            .and_then(|code| in_force.and_then(|f| f.catalogue.unit(&code)))
            .map_or_else(|| both(key.to_owned()), |unit| both(unit.name.clone())),
        Group::Area => key
            .parse()
            .ok()
            .and_then(|code| in_force.and_then(|f| f.catalogue.area(&code)))
            .map_or_else(|| both(key.to_owned()), |area| both(area.name.clone())),
        Group::Channel => key
            .parse()
            .ok()
            .and_then(Channel::from_number)
            .map_or_else(|| both(key.to_owned()), |c| (c.zh().to_owned(), c.code().to_owned())),
    }
}

fn rate(sums: &Sums, count: &str, of: &str) -> v1::Rate {
    v1::Rate { count: sums.of(count) as f64, of: sums.of(of) as f64 }
}

/// Partial credit: satisfaction is kept in tenths.
fn satisfied(sums: &Sums) -> v1::Rate {
    v1::Rate { count: sums.of("satisfied_tenths") as f64 / 10.0, of: sums.of("rated") as f64 }
}

fn row(sums: &Sums, (name_zh, name_en): (String, String)) -> v1::FiguresRow {
    v1::FiguresRow {
        key: sums.key.clone(),
        name_zh,
        name_en,
        received: sums.of("received"),
        merged: sums.of("merged"),
        dispatched: sums.of("dispatched"),
        dispatched_auto: sums.of("dispatched_auto"),
        signed_in_time: Some(rate(sums, "signed_in_time", "should_sign")),
        contacted: Some(rate(sums, "contacted", "should_contact")),
        contacted_in_time: Some(rate(sums, "contacted_in_time", "should_contact")),
        handled_in_time: Some(rate(sums, "handled_in_time", "due")),
        overdue: sums.of("due").saturating_sub(sums.of("handled_in_time")),
        first_time_done: Some(rate(sums, "first_time_done", "completed")),
        returned: Some(rate(sums, "returned", "dispatched")),
        denied_returns: Some(rate(sums, "denied_returns", "returned")),
        misdispatched: sums.of("misdispatched"),
        redone: Some(rate(sums, "redone", "valid")),
        solved: Some(rate(sums, "solved", "valid")),
        satisfied: Some(satisfied(sums)),
        valid_surveys: sums.of("valid"),
        unreached: sums.of("unreached"),
        closed: sums.of("closed"),
        unfinished: sums.of("unfinished"),
        urges: sums.of("urges"),
    }
}

/// Tickets are counted once; what only units have is summed over units.
fn total(tickets: &[Sums], units: &[Sums]) -> v1::FiguresRow {
    let add = |all: &[Sums]| {
        let mut sum = Sums { key: String::new(), counts: [0; tables::LEN] };
        for one in all {
            for (total, n) in sum.counts.iter_mut().zip(one.counts) {
                *total += n;
            }
        }
        sum
    };
    let (tickets, units) = (add(tickets), add(units));
    let mut total = row(&units, ("合计".into(), "total".into()));
    total.received = tickets.of("received");
    total.merged = tickets.of("merged");
    total.dispatched = tickets.of("dispatched");
    total.dispatched_auto = tickets.of("dispatched_auto");
    total.closed = tickets.of("closed");
    total.unfinished = tickets.of("unfinished");
    total.unreached = tickets.of("unreached");
    total.valid_surveys = tickets.of("valid");
    total.solved = Some(rate(&tickets, "solved", "valid"));
    total.satisfied = Some(satisfied(&tickets));
    total.misdispatched = tickets.of("misdispatched");
    total
}

fn tier(tier: Tier, count: u64) -> v1::LiveCount {
    v1::LiveCount { key: tier.code().into(), name_zh: tier.zh().into(), name_en: tier.code().into(), count }
}

fn live_row(sums: &Sums, (name_zh, name_en): (String, String)) -> v1::LiveRow {
    v1::LiveRow {
        key: sums.key.clone(),
        name_zh,
        name_en,
        open: sums.of("unfinished"),
        late: sums.of("due").saturating_sub(sums.of("handled_in_time")),
        done: sums.of("closed"),
        on_time: Some(rate(sums, "handled_in_time", "due")),
        satisfied: Some(satisfied(sums)),
    }
}
