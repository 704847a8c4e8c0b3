//! The facts' table, and the sums over it.

pub mod now;

use sqlx::PgPool;
use suban_domain::{At, Ticket, TicketId, UnitCode};
use suban_store::{StoreError, to_db};
use uuid::Uuid;

use crate::decide::{Body, COUNTS, Fact, WORK};

/// One fact as a row.
#[derive(Debug)]
pub struct Row {
    ticket: Uuid,
    unit: String,
    version: i32,
    area: Option<String>,
    channel: i16,
    received_at: At,
    body: String,
}

impl Row {
    /// The row of a ticket's fact.
    ///
    /// # Errors
    /// Never in practice: counts are plain numbers.
    pub fn new(ticket: &Ticket, fact: Fact) -> Result<Self, StoreError> {
        let body = serde_json::to_string(&fact.body)
            .map_err(|e| StoreError::Damaged { what: "fact", problem: e.to_string() })?;
        Ok(Self {
            ticket: ticket.id.uuid(),
            unit: fact.unit,
            version: i32::try_from(ticket.version).unwrap_or(i32::MAX),
            area: ticket.area.as_ref().map(ToString::to_string),
            channel: i16::try_from(ticket.source.channel.number()).unwrap_or(0),
            received_at: ticket.received_at,
            body,
        })
    }
}

/// Writes facts that stand for later versions than those kept. Served by the primary key of `scoring.fact`.
///
/// # Errors
/// When Postgres is away.
pub async fn put(pool: &PgPool, mut rows: Vec<Row>) -> Result<(), StoreError> {
    rows.sort_by(|a, b| (a.ticket, &a.unit).cmp(&(b.ticket, &b.unit)));
    sqlx::query(
        "insert into scoring.fact as f (ticket_id, unit, version, area, channel, received_at, body)
         select ticket_id, unit, version, area, channel, received_at, body::jsonb
           from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::smallint[], $6::timestamptz[], $7::text[])
             as r(ticket_id, unit, version, area, channel, received_at, body)
          order by 1, 2
         on conflict (ticket_id, unit) do update
            set version = excluded.version, area = excluded.area, body = excluded.body
          where f.version < excluded.version",
    )
    .bind(rows.iter().map(|r| r.ticket).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.unit.clone()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.version).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.area.clone()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.channel).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| to_db(r.received_at)).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.body.clone()).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

/// How many counts a fact has.
pub const LEN: usize = COUNTS.len();

/// By what figures are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// By handling unit.
    Unit,
    /// By area.
    Area,
    /// By channel.
    Channel,
}

/// The sums of one group over tickets received in a period.
#[derive(Debug, Clone)]
pub struct Sums {
    /// The unit, area or channel number.
    pub key: String,
    /// The counts, summed.
    pub counts: [u64; LEN],
}

impl Sums {
    /// Takes another group's counts in.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in self.counts.iter_mut().zip(other.counts) {
            *sum += n;
        }
    }

    /// One count by its name; an unknown name is 0.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        COUNTS.iter().position(|c| *c == name).and_then(|i| self.counts.get(i)).copied().unwrap_or(0)
    }
}

/// Sums by group. By area and channel each ticket counts once, and its units' work with it. Served by
/// `fact_received`, a block range index.
///
/// # Errors
/// When Postgres is away.
pub async fn sums(pool: &PgPool, from: At, to: At, group: Group) -> Result<Vec<Sums>, StoreError> {
    let (key, facts) = match group {
        Group::Unit => ("unit", "and unit <> ''"),
        Group::Area => ("coalesce(area, '')", ""),
        Group::Channel => ("channel::text", ""),
    };
    let count = |name: &&str| {
        let whose = match group {
            Group::Unit => "",
            Group::Area | Group::Channel if WORK.contains(name) => "filter (where unit <> '')",
            Group::Area | Group::Channel => "filter (where unit = '')",
        };
        format!("coalesce(sum((body->>'{name}')::bigint) {whose}, 0)::bigint")
    };
    let counts: Vec<String> = COUNTS.iter().map(count).collect();
    // Built from constants of this file and of `decide` alone.
    let sql = format!(
        "select {key} as key, array[{}] from scoring.fact where received_at >= $1 and received_at < $2 {facts}
          group by 1 order by 1",
        counts.join(", ")
    );
    let rows: Vec<(String, Vec<i64>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(to_db(from)).bind(to_db(to)).fetch_all(pool).await?;
    Ok(rows
        .into_iter()
        .map(|(key, values)| {
            let mut counts = [0; LEN];
            for (slot, value) in counts.iter_mut().zip(values) {
                *slot = u64::try_from(value).unwrap_or(0);
            }
            Sums { key, counts }
        })
        .collect())
}

/// How many tickets each unit was given in the hour before `now`, and in the busiest hour of the week before that, by
/// their receipt. Served by `fact_received`, a block range index.
///
/// # Errors
/// When Postgres is away.
pub async fn given(pool: &PgPool, now: At) -> Result<Vec<(String, u64, u64)>, StoreError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select unit, coalesce(max(n) filter (where hours_ago = 0), 0), coalesce(max(n) filter (where hours_ago > 0), 0)
           from (
             select unit, floor(extract(epoch from $1 - received_at) / 3600) as hours_ago, count(*) as n
               from scoring.fact where received_at > $1 - interval '169 hours' and received_at <= $1 and unit <> ''
              group by 1, 2
           ) each group by unit",
    )
    .bind(to_db(now))
    .fetch_all(pool)
    .await?;
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(rows.into_iter().map(|(unit, hour, busiest)| (unit, count(hour), count(busiest))).collect())
}

/// The tickets that a unit led to their closing, of those received in a period, in order of their ids: what `closed`
/// of [`sums`] counts for the unit. Served by `fact_received`, a block range index.
///
/// # Errors
/// When Postgres is away.
pub async fn closed_by(pool: &PgPool, unit: &UnitCode, from: At, to: At) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select ticket_id from scoring.fact
          where received_at >= $1 and received_at < $2 and unit = $3 and (body->>'closed')::bigint > 0
          order by ticket_id",
    )
    .bind(to_db(from))
    .bind(to_db(to))
    .bind(unit.as_str())
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}

/// A kept fact, with the place in the log that it stands for.
#[derive(Debug)]
pub struct Kept {
    /// Which ticket.
    pub ticket: TicketId,
    /// Which unit.
    pub unit: String,
    /// Up to which version.
    pub version: u32,
    /// The counts.
    pub body: Body,
}

/// Facts of a period in order of ticket and unit, a page at a time. Served by the primary key.
///
/// # Errors
/// When Postgres is away or a fact is damaged.
pub async fn page(
    pool: &PgPool,
    from: At,
    to: At,
    after: Option<(TicketId, String)>,
    limit: i64,
) -> Result<Vec<Kept>, StoreError> {
    let (ticket, unit) = after.map_or((Uuid::nil(), String::new()), |(t, u)| (t.uuid(), u));
    let rows: Vec<(Uuid, String, i32, serde_json::Value)> = sqlx::query_as(
        "select ticket_id, unit, version, body from scoring.fact
          where (ticket_id, unit) > ($1, $2) and received_at >= $3 and received_at < $4
          order by ticket_id, unit limit $5",
    )
    .bind(ticket)
    .bind(unit)
    .bind(to_db(from))
    .bind(to_db(to))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(ticket, unit, version, body)| {
            let body = serde_json::from_value(body)
                .map_err(|e| StoreError::Damaged { what: "fact", problem: e.to_string() })?;
            Ok(Kept { ticket: TicketId::new(ticket), unit, version: u32::try_from(version).unwrap_or(0), body })
        })
        .collect()
}
