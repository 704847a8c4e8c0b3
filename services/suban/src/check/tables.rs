//! What the audit reads from Postgres, in pages of one snapshot each.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::{PgPool, Postgres, Row as _, Transaction};
use suban_domain::{State, TicketId};
use suban_store::recorded;
use uuid::Uuid;

use super::{
    audit::{Logged, Read},
    needles::Needles,
};
use crate::journal::Entry;

/// Tickets read at once.
const PAGE: i64 = 500;
/// Texts read at once.
const TEXTS: i64 = 5000;

/// A snapshot without the time limit that services have.
async fn snapshot(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let mut tx = pool.begin_with("begin isolation level repeatable read read only").await?;
    sqlx::query("set local statement_timeout = 0").execute(&mut *tx).await?;
    Ok(tx)
}

/// The next tickets with all that is known of each. Served by the primary keys.
pub(super) async fn page(pool: &PgPool, after: Option<TicketId>, retention: i64) -> anyhow::Result<Vec<Read>> {
    let mut tx = snapshot(pool).await?;
    let rows = sqlx::query(
        "select t.id, t.number, t.version, t.state, t.bulk, t.body::text as body, o.next_due is not null as timed,
                exists (select from dispatch.queue q where q.ticket_id = t.id) as queued,
                exists (select from followup.survey s where s.ticket_id = t.id and s.state = 1) as surveyed
           from core.ticket t left join core.ticket_open o on o.ticket_id = t.id
          where $1::uuid is null or t.id > $1 order by t.id limit $2",
    )
    .bind(after.map(TicketId::uuid))
    .bind(PAGE)
    .fetch_all(&mut *tx)
    .await?;
    let mut tickets: BTreeMap<Uuid, Read> = BTreeMap::new();
    for row in &rows {
        let id: Uuid = row.try_get("id")?;
        let read = Read {
            id: TicketId::new(id),
            number: row.try_get("number")?,
            version: row.try_get("version")?,
            state: row.try_get("state")?,
            bulk: row.try_get("bulk")?,
            body: row.try_get("body")?,
            timed: row.try_get::<Option<bool>, _>("timed")?.unwrap_or(false),
            queued: row.try_get("queued")?,
            surveyed: row.try_get("surveyed")?,
            log: Vec::new(),
            damaged: None,
            bytes: Vec::new(),
            others: HashMap::new(),
        };
        tickets.insert(id, read);
    }
    let ids: Vec<Uuid> = tickets.keys().copied().collect();
    let log = sqlx::query(
        "select ticket_id, version, at, role, person, unit, request, body,
                recorded_at > clock_timestamp() - make_interval(hours => $2::int) as kept
           from core.ticket_log where ticket_id = any($1) order by ticket_id, version",
    )
    .bind(&ids)
    .bind(i32::try_from(retention)?)
    .fetch_all(&mut *tx)
    .await?;
    for row in &log {
        let Some(read) = tickets.get_mut(&row.try_get::<Uuid, _>("ticket_id")?) else { continue };
        read.bytes.push(row.try_get("body")?);
        read.bytes.push(row.try_get::<String, _>("request")?.into_bytes());
        match recorded(row) {
            Ok(event) => read.log.push(Logged { event, kept: row.try_get("kept")? }),
            Err(problem) => read.damaged = Some(problem.to_string()),
        }
    }
    look_around(&mut tx, &mut tickets).await?;
    tx.commit().await?;
    Ok(tickets.into_values().collect())
}

/// The states of masters and parts that tickets of the page lean on. Served by the primary key.
async fn look_around(
    tx: &mut Transaction<'static, Postgres>,
    tickets: &mut BTreeMap<Uuid, Read>,
) -> anyhow::Result<()> {
    let wanted: HashSet<Uuid> = tickets.values().flat_map(Read::leans_on).map(TicketId::uuid).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let rows: Vec<(Uuid, i16)> = sqlx::query_as("select id, state from core.ticket where id = any($1)")
        .bind(wanted.into_iter().collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await?;
    let states: HashMap<TicketId, State> = rows
        .into_iter()
        .filter_map(|(id, state)| Some((TicketId::new(id), State::from_number(i32::from(state))?)))
        .collect();
    for read in tickets.values_mut() {
        read.others = read.leans_on().into_iter().filter_map(|id| Some((id, *states.get(&id)?))).collect();
    }
    Ok(())
}

/// Tickets that have a log and no row. Scans both primary keys once.
pub(super) async fn logs_without_row(pool: &PgPool) -> anyhow::Result<Vec<TicketId>> {
    let mut tx = snapshot(pool).await?;
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select distinct l.ticket_id from core.ticket_log l
          where not exists (select from core.ticket t where t.id = l.ticket_id) order by 1",
    )
    .fetch_all(&mut *tx)
    .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}

/// Which of these acknowledged tickets are there, by id and number. Served by the primary key.
pub(super) async fn known(pool: &PgPool, entries: &[Entry]) -> anyhow::Result<HashSet<(String, String)>> {
    let ids: Vec<Uuid> = entries.iter().filter_map(|entry| entry.ticket_id.parse().ok()).collect();
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("select id, number from core.ticket where id = any($1)").bind(&ids).fetch_all(pool).await?;
    let there: HashSet<(Uuid, String)> = rows.into_iter().collect();
    Ok(entries
        .iter()
        .filter(|entry| entry.ticket_id.parse().is_ok_and(|id| there.contains(&(id, entry.number.clone()))))
        .map(|entry| (entry.ticket_id.clone(), entry.number.clone()))
        .collect())
}

/// How many masked texts and reasons in the audit trail name somebody. Served by the primary keys.
pub(super) async fn texts_with(pool: &PgPool, needles: &Needles) -> anyhow::Result<usize> {
    let (mut found, mut after) = (0, Uuid::nil());
    loop {
        let rows: Vec<(Uuid, String)> =
            sqlx::query_as("select id, coalesce(masked, '') from core.text where id > $1 order by id limit $2")
                .bind(after)
                .bind(TEXTS)
                .fetch_all(pool)
                .await?;
        let Some((last, _)) = rows.last() else { break };
        after = *last;
        found += rows.iter().filter(|(_, text)| needles.found_in(text.as_bytes())).count();
    }
    let mut after = 0_i64;
    loop {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("select id, coalesce(reason, '') from core.audit where id > $1 order by id limit $2")
                .bind(after)
                .bind(TEXTS)
                .fetch_all(pool)
                .await?;
        let Some((last, _)) = rows.last() else { return Ok(found) };
        after = *last;
        found += rows.iter().filter(|(_, reason)| needles.found_in(reason.as_bytes())).count();
    }
}

/// Events that Kafka does not have yet.
pub(super) async fn outbox(pool: &PgPool) -> anyhow::Result<u64> {
    let waiting: i64 = sqlx::query_scalar("select coalesce(sum(events), 0) from core.outbox").fetch_one(pool).await?;
    Ok(u64::try_from(waiting)?)
}
