//! The live page's numbers: what is waiting where, what is late, what came and how it went.
//!
//! Whoever asks within [`FRESH`] of another gets the same answer, so that a hall full of screens costs one look a
//! second. Queues and late tasks are those of the present, whenever received; counts and rates are of the tickets
//! received in the window.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use suban_domain::{Span, State, Ticket, TicketId, Tier};
use suban_proto::v1;
use suban_service::{App, InForce, status, view};
use tokio::{sync::Mutex, time::Instant};
use tonic::Status;

use crate::{
    api::{db, name, rate, satisfied, sub_district, sums, total, words},
    decide::is_flooded,
    lags::Lags,
    tables::{
        self, Group, Sums,
        now::{self, Open},
    },
};

/// How long an answer is good for.
const FRESH: Duration = Duration::from_secs(1);

/// How long what units were given lately is good for.
const FLOODS_FRESH: Duration = Duration::from_secs(60);

/// How far ahead "about to be late" looks.
const SOON: Span = Span::hours(2);

/// Most rows of the list of tasks that come due.
const LIST: i64 = 20;

/// Why tickets wait for a person, as the queue keeps it and as people say it.
const WHY: [(&str, &str, &str); 11] = [
    ("unknown_matter", "事项不明", "matter unknown"),
    ("unknown_area", "地点不明", "place unknown"),
    ("no_single_unit", "承办单位不唯一", "no single unit"),
    ("flag", "须人工把关", "flagged for a person"),
    ("returned", "退单或撤回", "returned or recalled"),
    ("review", "待审核", "waits for a decision"),
    ("suggested_duplicate", "疑似重复", "suggested duplicate"),
    ("acceptance", "待受理", "waits for acceptance"),
    ("dispute", "单位争议", "units quarrel"),
    ("doubt", "目录存疑", "rule in doubt"),
    ("check", "抽检", "checked by a person"),
];

/// Looks, and keeps what it saw for a moment. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Live {
    last: Arc<Mutex<Option<(Span, Instant, v1::LiveReply)>>>,
    given: Arc<Mutex<Option<(Instant, Given)>>>,
    lags: Lags,
}

impl Live {
    /// Ready to look; starts what measures lags.
    pub(crate) fn start(app: &App) -> Self {
        Self { last: Arc::default(), given: Arc::default(), lags: Lags::start(app) }
    }

    /// The page's numbers over a window.
    pub(crate) async fn look(&self, app: &App, window: Span) -> Result<v1::LiveReply, Status> {
        // Held while looking: who comes meanwhile waits for this answer and makes none of their own.
        let mut last = self.last.lock().await;
        if let Some((of, at, reply)) = last.as_ref()
            && *of == window
            && at.elapsed() < FRESH
        {
            return Ok(reply.clone());
        }
        let reply = look(app, window, self.lags.look(), &self.given(app).await?).await?;
        *last = Some((window, Instant::now(), reply.clone()));
        Ok(reply)
    }

    /// What units were given lately; a week is not added up every second.
    async fn given(&self, app: &App) -> Result<Given, Status> {
        let mut last = self.given.lock().await;
        if let Some((at, given)) = last.as_ref()
            && at.elapsed() < FLOODS_FRESH
        {
            return Ok(given.clone());
        }
        let given = tables::given(app.store.pool(), app.clock().now()).await.map_err(db)?;
        let given: Given = given.into_iter().map(|(unit, hour, busiest)| (unit, (hour, busiest))).collect();
        *last = Some((Instant::now(), given.clone()));
        Ok(given)
    }
}

/// By unit, tickets of the last hour and of the busiest hour of the week before.
type Given = BTreeMap<String, (u64, u64)>;

async fn look(app: &App, window: Span, lag: Vec<v1::GroupLag>, given: &Given) -> Result<v1::LiveReply, Status> {
    let (at, pool) = (app.clock().now(), app.store.pool());
    let (since, to) = (at.minus(window), at.plus(Span::seconds(1)));
    let in_force = app.catalogues.now();
    let in_force = in_force.as_deref();
    let channels = sums(app, since, to, Group::Channel).await?;
    let units = sums(app, since, to, Group::Unit).await?;
    let areas = sums(app, since, to, Group::Area).await?;
    let all = total(&channels);
    let open_states: Vec<i16> =
        State::ALL.iter().filter(|s| s.is_open()).filter_map(|s| i16::try_from(s.number()).ok()).collect();
    let open = now::open(pool, &open_states).await.map_err(db)?;
    let late = now::late(pool, at).await.map_err(db)?;
    let (about_to_be_late, soon) = now::due_between(pool, at, at.plus(SOON), LIST).await.map_err(db)?;
    let waiting = now::waiting_why(pool).await.map_err(db)?;
    let of = |name: &str| channels.iter().map(|s| s.of(name)).sum::<u64>();
    let (received, sent, auto) = (of("received"), of("dispatched"), of("dispatched_auto"));
    let mut rows = Rows::default();
    rows.count(&units, &open.by_unit, late.iter().map(|(unit, _, n)| (unit.clone(), *n)));
    for (unit, (hour, busiest)) in given.iter().filter(|(_, (hour, _))| *hour > 0) {
        let row = rows.row(unit.clone());
        (row.last_hour, row.busiest_hour, row.flooded) = (*hour, *busiest, is_flooded(*hour, *busiest));
    }
    let by_unit = rows.shown(|key| name(in_force, Group::Unit, key));
    let mut rows = Rows::default();
    let open_areas = open.by_area.iter().map(|(area, n)| (sub_district(in_force, area), n));
    let late_areas = late.iter().map(|(_, area, n)| (sub_district(in_force, area), *n));
    rows.count(&areas, open_areas, late_areas);
    let by_area = rows.shown(|key| name(in_force, Group::Area, key));
    Ok(v1::LiveReply {
        at: Some(view::timestamp(at)),
        since: Some(view::timestamp(since)),
        by_channel: channels
            .iter()
            .map(|s| {
                let (name_zh, name_en) = name(in_force, Group::Channel, &s.key);
                v1::LiveCount { key: s.key.clone(), name_zh, name_en, count: s.of("received") }
            })
            .collect(),
        stages: stages(app, in_force, &open).await?,
        about_to_be_late,
        late_soon: late_soon(app, in_force, &soon).await?,
        overdue: late.iter().map(|(_, _, n)| n).sum(),
        by_tier: vec![tier(Tier::Auto, auto), tier(Tier::Manual, sent.saturating_sub(auto))],
        merged: of("merged"),
        on_time: all.handled_in_time,
        satisfied: all.satisfied,
        solved: all.solved,
        by_unit,
        by_area,
        received,
        ended: received.saturating_sub(of("unfinished")),
        lag,
        outbox: now::outbox(pool).await.map_err(db)?,
        waiting_why: waiting.into_iter().map(why).collect(),
        open: open.by_state.iter().map(|(_, n)| n).sum(),
    })
}

/// Every stage's queue with its oldest ticket and who holds it: the unit that leads, or who claimed it.
async fn stages(app: &App, in_force: Option<&InForce>, open: &Open) -> Result<Vec<v1::StageQueue>, Status> {
    let pool = app.store.pool();
    let states: Vec<i16> = open.by_state.iter().map(|(state, _)| *state).collect();
    let oldest = now::oldest(pool, &states).await.map_err(db)?;
    let ids: Vec<TicketId> = oldest.values().copied().collect();
    let tickets = app.store.load(&ids).await.map_err(|e| status(&e))?;
    let holders = now::holders(pool, &ids, app.clock().now()).await.map_err(db)?;
    let stage = |&(number, waiting): &(i16, u64)| {
        let state = State::from_number(i32::from(number))?;
        let ticket = oldest.get(&number).and_then(|id| tickets.get(id));
        let unit = ticket.and_then(Ticket::lead).map(|t| t.unit.to_string());
        let holder = ticket.and_then(|t| holders.get(&t.id)).cloned();
        let held_by_name = unit.as_ref().map(|u| name(in_force, Group::Unit, u).0);
        Some(v1::StageQueue {
            state: state.number(),
            waiting,
            oldest_number: ticket.map(|t| t.number.to_string()).unwrap_or_default(),
            oldest_since: ticket.map(|t| view::timestamp(t.received_at)),
            held_by_name: held_by_name.or_else(|| holder.clone()).unwrap_or_default(),
            held_by: unit.or(holder).unwrap_or_default(),
        })
    };
    Ok(open.by_state.iter().filter_map(stage).collect())
}

async fn late_soon(
    app: &App,
    in_force: Option<&InForce>,
    soon: &[(TicketId, String, suban_domain::At)],
) -> Result<Vec<v1::LateSoon>, Status> {
    let ids: Vec<TicketId> = soon.iter().map(|(id, _, _)| *id).collect();
    let tickets = app.store.load(&ids).await.map_err(|e| status(&e))?;
    let task = |(id, unit, due): &(TicketId, String, suban_domain::At)| {
        let ticket = tickets.get(id)?;
        let task = ticket.tasks.iter().rev().find(|t| t.unit.as_str() == unit && t.is_open());
        Some(v1::LateSoon {
            number: ticket.number.to_string(),
            unit: unit.clone(),
            unit_name: name(in_force, Group::Unit, unit).0,
            due: Some(view::timestamp(*due)),
            task_state: task.map_or(0, |t| t.state.number()),
        })
    };
    Ok(soon.iter().filter_map(task).collect())
}

/// The rows of one table: what came in the window, beside what is open and late now.
#[derive(Default)]
struct Rows(BTreeMap<String, v1::LiveRow>);

impl Rows {
    fn count<'a>(
        &mut self,
        window: &[Sums],
        open: impl IntoIterator<Item = (impl ToString, &'a u64)>,
        late: impl IntoIterator<Item = (String, u64)>,
    ) {
        for sum in window {
            let row = self.row(sum.key.clone());
            row.received = sum.of("received");
            row.done = sum.of("closed");
            row.on_time = Some(rate(sum, "handled_in_time", "due"));
            row.satisfied = Some(satisfied(sum));
        }
        for (key, count) in open {
            self.row(key.to_string()).open += count;
        }
        for (key, count) in late {
            self.row(key).late += count;
        }
    }

    fn row(&mut self, key: String) -> &mut v1::LiveRow {
        self.0.entry(key).or_default()
    }

    fn shown(self, name: impl Fn(&str) -> (String, String)) -> Vec<v1::LiveRow> {
        let named = |(key, row): (String, v1::LiveRow)| {
            let (name_zh, name_en) = name(&key);
            v1::LiveRow { key, name_zh, name_en, ..row }
        };
        self.0.into_iter().map(named).collect()
    }
}

fn tier(tier: Tier, count: u64) -> v1::LiveCount {
    v1::LiveCount { key: tier.code().into(), name_zh: tier.zh().into(), name_en: words(tier.code()), count }
}

fn why((key, count): (String, u64)) -> v1::LiveCount {
    let (zh, en) = WHY
        .iter()
        .find(|(code, _, _)| *code == key)
        .map_or_else(|| (key.clone(), words(&key)), |(_, zh, en)| ((*zh).to_owned(), (*en).to_owned()));
    v1::LiveCount { key, name_zh: zh, name_en: en, count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_with_old_work_alone_still_has_a_row() {
        let mut rows = Rows::default();
        let open = std::collections::HashMap::from([("JD01".to_owned(), 3)]);
        rows.count(&[], &open, [("JD01".to_owned(), 2), ("CGJ".to_owned(), 1)]);
        let shown = rows.shown(|key| (key.to_owned(), key.to_owned()));
        let told: Vec<_> = shown.iter().map(|r| (r.key.as_str(), r.open, r.late)).collect();
        assert_eq!(told, [("CGJ", 0, 1), ("JD01", 3, 2)]);
    }
}
