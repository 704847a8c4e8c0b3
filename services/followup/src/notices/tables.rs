//! The queue of notices.

use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow};
use suban_domain::{At, TicketId, UnitCode, Urgency};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    decide::{Holds, Kind, Planned, Said},
    recipient::Recipient,
};

suban_domain::codes! {
    /// Where a notice stands.
    State, "state of a notice" {
        /// Its hour has not come, or the carrier was away.
        Waiting = 1, "WAITING", "待发";
        /// It went out.
        Sent = 2, "SENT", "已发";
        /// It was no longer true, or too much for one day.
        Dropped = 3, "DROPPED", "不发";
        /// The carrier would not take it.
        Failed = 4, "FAILED", "失败";
    }
}

/// A notice in the queue, by what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// About which ticket.
    pub ticket: TicketId,
    /// Which version of it asked for the notice.
    pub cause: u32,
    /// What is told.
    pub planned: Planned,
    /// How much it presses.
    pub urgency: Urgency,
    /// How often it was tried.
    pub attempts: u32,
}

impl Notice {
    /// The same for every attempt.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}:{}:{}:{}", self.ticket, self.cause, self.planned.kind.code(), self.planned.to)
    }
}

/// How a notice ended, or when it is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It went out; with the carrier's receipt and the version of the texts.
    Sent {
        /// The carrier's.
        receipt: String,
        /// Of the texts.
        template: String,
        /// Who stood there.
        person: Option<String>,
    },
    /// It is not sent; why.
    Dropped(&'static str),
    /// It will never be taken; why.
    Failed(String),
    /// It was not tried, and goes out then; why.
    PutOff(At, &'static str),
    /// It is tried again then; why.
    Later(At, String),
}

/// Puts notices into the queue; those that are there stay as they are. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn put(pool: &PgPool, mut notices: Vec<Notice>) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    notices.sort_by(|a, b| key(a).cmp(&key(b)));
    let said: Vec<serde_json::Value> = notices.iter().map(|n| json(&n.planned.said)).collect::<Result<_, _>>()?;
    sqlx::query(
        "insert into followup.notice
           (ticket_id, cause, kind, recipient, state, urgency, holds, about_unit, said, not_before)
         select n.ticket_id, n.cause, n.kind, n.recipient, 1, n.urgency, n.holds, n.about_unit, n.said, n.not_before
           from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::text[], $8::jsonb[],
                       $9::timestamptz[])
             as n(ticket_id, cause, kind, recipient, urgency, holds, about_unit, said, not_before)
         on conflict do nothing",
    )
    .bind(notices.iter().map(|n| n.ticket.uuid()).collect::<Vec<_>>())
    .bind(notices.iter().map(|n| i32::try_from(n.cause).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(notices.iter().map(|n| n.planned.kind.code()).collect::<Vec<_>>())
    .bind(notices.iter().map(|n| n.planned.to.to_string()).collect::<Vec<_>>())
    .bind(notices.iter().map(|n| number(n.urgency.number())).collect::<Vec<_>>())
    .bind(notices.iter().map(|n| number(n.planned.holds.number())).collect::<Vec<_>>())
    .bind(notices.iter().map(|n| n.planned.about.as_ref().map(UnitCode::as_str)).collect::<Vec<_>>())
    .bind(said)
    .bind(notices.iter().map(|n| to_db(n.planned.at)).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes what is due at `now`, what presses first, and leaves it to the caller until `lease`; nobody else takes it
/// before. Served by `notice_due`.
///
/// # Errors
/// When Postgres is away.
pub async fn take(pool: &PgPool, now: At, lease: At, most: u32) -> Result<Vec<Notice>, StoreError> {
    let rows = sqlx::query(
        "with due as materialized (
           select ticket_id, cause, kind, recipient from followup.notice
            where state = 1 and not_before <= $1 and (taken_until is null or taken_until <= $1)
            order by not_before, ticket_id limit $3 for update skip locked)
         update followup.notice n set taken_until = $2
           from due
          where (n.ticket_id, n.cause, n.kind, n.recipient) = (due.ticket_id, due.cause, due.kind, due.recipient)
         returning n.ticket_id, n.cause, n.kind, n.recipient, n.urgency, n.holds, n.about_unit, n.said, n.not_before,
                   n.attempts",
    )
    .bind(to_db(now))
    .bind(to_db(lease))
    .bind(i64::from(most))
    .fetch_all(pool)
    .await?;
    let mut notices: Vec<Notice> = rows.iter().map(notice).collect::<Result<_, _>>()?;
    notices.sort_by(|a, b| b.urgency.cmp(&a.urgency).then_with(|| key(a).cmp(&key(b))));
    Ok(notices)
}

/// How many of these recipients' notices went out since `from`. Served by `notice_sent`.
///
/// # Errors
/// When Postgres is away.
pub async fn sent_since(pool: &PgPool, recipients: &[String], from: At) -> Result<Vec<(String, i64)>, StoreError> {
    if recipients.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(
        "select recipient, count(*) from followup.notice
          where state = 2 and recipient = any($1) and ended_at >= $2 group by recipient",
    )
    .bind(recipients)
    .bind(to_db(from))
    .fetch_all(pool)
    .await?)
}

/// Notes how notices ended, or when they are tried again. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn end(conn: &mut PgConnection, endings: &[(Notice, Ending)], at: At) -> Result<(), StoreError> {
    let state = |ending: &Ending| match ending {
        Ending::Sent { .. } => State::Sent,
        Ending::Dropped(_) => State::Dropped,
        Ending::Failed(_) => State::Failed,
        Ending::PutOff(..) | Ending::Later(..) => State::Waiting,
    };
    let problem = |ending: &Ending| match ending {
        Ending::Sent { .. } => None,
        Ending::Dropped(why) | Ending::PutOff(_, why) => Some((*why).to_owned()),
        Ending::Failed(why) | Ending::Later(_, why) => Some(why.clone()),
    };
    let sent = |ending: &Ending| match ending {
        Ending::Sent { receipt, template, person } => (Some(receipt.clone()), Some(template.clone()), person.clone()),
        Ending::Dropped(_) | Ending::Failed(_) | Ending::PutOff(..) | Ending::Later(..) => (None, None, None),
    };
    let again = |ending: &Ending| match ending {
        Ending::PutOff(at, _) | Ending::Later(at, _) => Some(to_db(*at)),
        Ending::Sent { .. } | Ending::Dropped(_) | Ending::Failed(_) => None,
    };
    let tried = |ending: &Ending| i16::from(!matches!(ending, Ending::Dropped(_) | Ending::PutOff(..)));
    sqlx::query(
        "update followup.notice n
            set state = e.state, attempts = n.attempts + e.tried, problem = e.problem, receipt = e.receipt, template = e.template,
                person = e.person,
                not_before = coalesce(e.again, n.not_before), taken_until = null, ended_at = case when e.state = 1 then null else $10 end
           from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int2[], $6::text[], $7::text[], $8::text[],
                       $9::timestamptz[], $11::text[], $12::int2[])
             as e(ticket_id, cause, kind, recipient, state, problem, receipt, template, again, person, tried)
          where (n.ticket_id, n.cause, n.kind, n.recipient) = (e.ticket_id, e.cause, e.kind, e.recipient)
            and n.state + 0 = 1 -- by its key: those that wait are many, and an index of them is no way to one of them",
    )
    .bind(endings.iter().map(|(n, _)| n.ticket.uuid()).collect::<Vec<_>>())
    .bind(endings.iter().map(|(n, _)| i32::try_from(n.cause).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(endings.iter().map(|(n, _)| n.planned.kind.code()).collect::<Vec<_>>())
    .bind(endings.iter().map(|(n, _)| n.planned.to.to_string()).collect::<Vec<_>>())
    .bind(endings.iter().map(|(_, e)| number(state(e).number())).collect::<Vec<_>>())
    .bind(endings.iter().map(|(_, e)| problem(e)).collect::<Vec<_>>())
    .bind(endings.iter().map(|(_, e)| sent(e).0).collect::<Vec<_>>())
    .bind(endings.iter().map(|(_, e)| sent(e).1).collect::<Vec<_>>())
    .bind(endings.iter().map(|(_, e)| again(e)).collect::<Vec<Option<OffsetDateTime>>>())
    .bind(to_db(at))
    .bind(endings.iter().map(|(_, e)| sent(e).2).collect::<Vec<_>>())
    .bind(endings.iter().map(|(_, e)| tried(e)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// A notice with what became of it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The notice; its time is when it goes out, or may be tried again.
    pub notice: Notice,
    /// Where it stands.
    pub state: State,
    /// Who stood there when it was sent, by the roster.
    pub person: Option<String>,
    /// The carrier's receipt.
    pub receipt: Option<String>,
    /// When it was sent, dropped or given up.
    pub ended_at: Option<At>,
    /// Why it was not sent.
    pub problem: Option<String>,
    /// Who said that it was received, and when.
    pub taken: Option<(String, At)>,
}

/// Everything that was told about a ticket, in order. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn of_ticket(pool: &PgPool, ticket: TicketId) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query(
        "select ticket_id, cause, kind, recipient, urgency, holds, about_unit, said, not_before, attempts, state,
                person, receipt, ended_at, problem, taken_by, taken_at
           from followup.notice where ticket_id = $1 order by cause, not_before, kind, recipient limit 1000",
    )
    .bind(ticket.uuid())
    .fetch_all(pool)
    .await?;
    rows.iter().map(record).collect()
}

/// The place in a recipient's list after which a page begins.
pub type Place = (At, Uuid, i32, String);

/// What a recipient was or will be told, the latest first. Served by `notice_of`.
///
/// # Errors
/// When Postgres is away.
pub async fn of_recipient(
    pool: &PgPool,
    to: &Recipient,
    after: Option<&Place>,
    most: u32,
) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query(
        "select ticket_id, cause, kind, recipient, urgency, holds, about_unit, said, not_before, attempts, state,
                person, receipt, ended_at, problem, taken_by, taken_at
           from followup.notice
          where recipient = $1
            and ($2::timestamptz is null or not_before <= $2 and
                 (not_before < $2 or (ticket_id, cause, kind) > ($3::uuid, $4::int, $5::text)))
          order by not_before desc, ticket_id, cause, kind limit $6",
    )
    .bind(to.to_string())
    .bind(after.map(|(at, ..)| to_db(*at)))
    .bind(after.map(|(_, ticket, ..)| *ticket))
    .bind(after.map(|(_, _, cause, _)| *cause))
    .bind(after.map(|(.., kind)| kind.as_str()))
    .bind(i64::from(most))
    .fetch_all(pool)
    .await?;
    rows.iter().map(record).collect()
}

/// Notes that a notice was received, and ends the ladder that it is a rung of: what still waits for the same cause is
/// dropped. Answers whether there is such a notice. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn received(
    pool: &PgPool,
    (ticket, cause, kind, to): (TicketId, u32, Kind, &Recipient),
    by: &str,
    at: At,
) -> Result<bool, StoreError> {
    let mut tx = pool.begin().await?;
    let taken = sqlx::query(
        "update followup.notice set taken_by = coalesce(taken_by, $5), taken_at = coalesce(taken_at, $6)
          where (ticket_id, cause, kind, recipient) = ($1, $2, $3, $4)",
    )
    .bind(ticket.uuid())
    .bind(i32::try_from(cause).unwrap_or(i32::MAX))
    .bind(kind.code())
    .bind(to.to_string())
    .bind(by)
    .bind(to_db(at))
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update followup.notice set state = 3, ended_at = $4, problem = 'another rung has it'
          where ticket_id = $1 and cause = $2 and kind = $3 and state = 1",
    )
    .bind(ticket.uuid())
    .bind(i32::try_from(cause).unwrap_or(i32::MAX))
    .bind(kind.code())
    .bind(to_db(at))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(taken.rows_affected() > 0)
}

fn key(notice: &Notice) -> (TicketId, u32, Kind, &Recipient) {
    (notice.ticket, notice.cause, notice.planned.kind, &notice.planned.to)
}

/// The number of a code as it stands in the table.
fn number(code: i32) -> i16 {
    i16::try_from(code).unwrap_or(0)
}

fn json(said: &Said) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(said).map_err(|e| StoreError::Damaged { what: "notice", problem: e.to_string() })
}

fn damaged(problem: impl ToString) -> StoreError {
    StoreError::Damaged { what: "notice", problem: problem.to_string() }
}

fn notice(row: &PgRow) -> Result<Notice, StoreError> {
    let (kind, recipient): (String, String) = (row.try_get("kind")?, row.try_get("recipient")?);
    let (pressing, holding): (i16, i16) = (row.try_get("urgency")?, row.try_get("holds")?);
    let about: Option<String> = row.try_get("about_unit")?;
    Ok(Notice {
        ticket: TicketId::new(row.try_get("ticket_id")?),
        cause: u32::try_from(row.try_get::<i32, _>("cause")?).map_err(damaged)?,
        planned: Planned {
            kind: Kind::of_code(&kind).ok_or_else(|| damaged("unknown kind"))?,
            to: recipient.parse().map_err(damaged)?,
            about: about.map(UnitCode::new).transpose().map_err(damaged)?,
            holds: Holds::from_number(holding.into()).ok_or_else(|| damaged("unknown condition"))?,
            at: from_db(row.try_get("not_before")?),
            said: serde_json::from_value(row.try_get("said")?).map_err(damaged)?,
        },
        urgency: Urgency::from_number(pressing.into()).ok_or_else(|| damaged("unknown urgency"))?,
        attempts: u32::try_from(row.try_get::<i16, _>("attempts")?).unwrap_or(0),
    })
}

fn record(row: &PgRow) -> Result<Record, StoreError> {
    let state: i16 = row.try_get("state")?;
    let taken: (Option<String>, Option<OffsetDateTime>) = (row.try_get("taken_by")?, row.try_get("taken_at")?);
    Ok(Record {
        notice: notice(row)?,
        state: State::from_number(state.into()).ok_or_else(|| damaged("unknown state"))?,
        person: row.try_get("person")?,
        receipt: row.try_get("receipt")?,
        ended_at: row.try_get::<Option<OffsetDateTime>, _>("ended_at")?.map(from_db),
        problem: row.try_get("problem")?,
        taken: taken.0.zip(taken.1.map(from_db)),
    })
}
