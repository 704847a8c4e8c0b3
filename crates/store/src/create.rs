//! Tickets come into being: source key, number, requester, words, row, log and the way out, in one transaction.
//!
//! The source triple is taken first; who loses it gets the ticket that won (D0, R-CHN-1). Keys are inserted in
//! their own order, so that two batches that share sources wait for one another and never in a circle.

use std::collections::HashMap;

use sqlx::PgConnection;
use suban_domain::{
    Actor, AreaCode, Hash, Limits, Recorded, RequestId, Source, Submission, Ticket, TicketId, TicketNumber,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    commit::{LogRows, hints},
    instant::to_db,
    outbox::{Packets, Sent, Written},
    row,
    texts::{PreparedRequester, PreparedText, insert_requesters, insert_texts},
};

/// A demand ready to become a ticket. Its number is given by [`Store::create`].
#[derive(Debug)]
pub struct NewTicket {
    /// What is submitted; the number in it is replaced.
    pub submission: Submission,
    /// Whose personal data, sealed.
    pub person: Option<PreparedRequester>,
    /// Words, masked and sealed.
    pub texts: Vec<PreparedText>,
    /// SHA-256 of everything said: tells a repeat from a change.
    pub content: Hash,
    /// Blind index of the phone.
    pub phone: Option<Hash>,
    /// Hash of the normalised words and the area they are about, where known: how twins find each other.
    pub words: Option<(Hash, Option<AreaCode>)>,
    /// Who submits.
    pub by: Actor,
    /// The caller's request.
    pub request: RequestId,
    /// Trace context of the submit.
    pub trace: Option<String>,
    /// Put there in bulk: neither sent nor judged (benches, migrations).
    pub bulk: bool,
}

/// What came of a submission.
#[derive(Debug, Clone)]
pub enum Created {
    /// A new ticket.
    New(Box<Ticket>),
    /// The source had sent it before (D0).
    Repeated {
        /// The ticket it became then.
        id: TicketId,
        /// Its number.
        number: TicketNumber,
        /// Was the same said?
        same: bool,
    },
}

type SourceKey = (i16, String, String);

fn key_of(source: &Source) -> SourceKey {
    (row::number(source.channel.number()), source.system.to_string(), source.id.to_string())
}

impl Store {
    /// Creates a batch. Answers stand in the order of the batch; a refusal by the rules fails its own entry only.
    ///
    /// # Errors
    /// When Postgres is away or refuses a value; nothing was created then.
    pub async fn create(
        &self,
        batch: &[NewTicket],
        limits: &Limits,
    ) -> Result<Vec<Result<Created, StoreError>>, StoreError> {
        let mut answers: Vec<Option<Result<Created, StoreError>>> = batch.iter().map(|_| None).collect();
        // One entry a source inside the batch; the others repeat it.
        let mut first: HashMap<SourceKey, usize> = HashMap::new();
        for (i, new) in batch.iter().enumerate() {
            first.entry(key_of(&new.submission.source)).or_insert(i);
        }
        let mut keys: Vec<(&SourceKey, usize)> = first.iter().map(|(k, i)| (k, *i)).collect();
        keys.sort_unstable();
        // Numbers come first: drawn inside the transaction, they would need a second connection while it holds one.
        let mut numbers = self.take_numbers(batch, first.values().copied().collect()).await?;
        let mut tx = self.pool().begin().await?;
        let won = take_sources(&mut tx, &keys, batch).await?;

        let mut fresh: Vec<usize> = keys.iter().filter(|(k, _)| won.contains_key(*k)).map(|(_, i)| *i).collect();
        fresh.sort_unstable();
        let mut rows = Rows::default();
        for i in &fresh {
            let (Some(new), Some(number)) = (batch.get(*i), numbers.remove(i)) else { continue };
            match fold(new, number, limits) {
                Ok((ticket, events)) => {
                    rows.push(&ticket, &events, new)?;
                    if let Some(answer) = answers.get_mut(*i) {
                        *answer = Some(Ok(Created::New(Box::new(ticket))));
                    }
                }
                Err(refused) => {
                    // Its source key must not stay taken.
                    release_source(&mut tx, &new.submission.source).await?;
                    if let Some(answer) = answers.get_mut(*i) {
                        *answer = Some(Err(refused));
                    }
                }
            }
        }
        let created: Vec<&NewTicket> = fresh
            .iter()
            .filter(|i| matches!(answers.get(**i), Some(Some(Ok(_)))))
            .filter_map(|i| batch.get(*i))
            .collect();
        let people: Vec<&PreparedRequester> = created.iter().filter_map(|n| n.person.as_ref()).collect();
        let texts: Vec<&PreparedText> = created.iter().flat_map(|n| &n.texts).collect();
        insert_requesters(&mut tx, &people).await?;
        insert_texts(&mut tx, &texts).await?;
        rows.insert(&mut tx, self.written()).await?;
        self.finish(tx).await?;

        self.answer_repeats(batch, &first, &mut answers).await?;
        metrics::counter!("suban_tickets_created_total").increment(created.len() as u64);
        Ok(answers.into_iter().map(|a| a.unwrap_or(Err(StoreError::Contended))).collect())
    }

    /// A number for each of these entries, in the order of the batch; those of repeats stay unused.
    async fn take_numbers(
        &self,
        batch: &[NewTicket],
        mut entries: Vec<usize>,
    ) -> Result<HashMap<usize, TicketNumber>, StoreError> {
        entries.sort_unstable();
        let mut numbers = HashMap::with_capacity(entries.len());
        for i in entries {
            let Some(new) = batch.get(i) else { continue };
            let taken = self.numbers().take(self.pool(), new.submission.received_at, 1).await?;
            numbers.extend(taken.into_iter().map(|number| (i, number)));
        }
        Ok(numbers)
    }

    /// Entries whose source was taken: by an earlier ticket, or by another entry of this batch.
    async fn answer_repeats(
        &self,
        batch: &[NewTicket],
        first: &HashMap<SourceKey, usize>,
        answers: &mut [Option<Result<Created, StoreError>>],
    ) -> Result<(), StoreError> {
        let open: Vec<usize> = answers.iter().enumerate().filter(|(_, a)| a.is_none()).map(|(i, _)| i).collect();
        if open.is_empty() {
            return Ok(());
        }
        let keys: Vec<SourceKey> =
            open.iter().filter_map(|i| batch.get(*i)).map(|n| key_of(&n.submission.source)).collect();
        let found = find_sources(self, &keys).await?;
        for i in open {
            let Some(new) = batch.get(i) else { continue };
            let key = key_of(&new.submission.source);
            let answer = match found.get(&key) {
                Some((id, number, content)) => {
                    Ok(Created::Repeated { id: *id, number: number.clone(), same: *content == new.content.0 })
                }
                // The first of the batch was refused by the rules, and so is its repeat.
                None if first.get(&key).is_some_and(|f| *f != i) => Err(StoreError::NotFound { what: "ticket" }),
                None => Err(StoreError::Contended),
            };
            if let Some(slot) = answers.get_mut(i) {
                *slot = Some(answer);
            }
        }
        Ok(())
    }
}

pub(crate) fn fold(
    new: &NewTicket,
    number: TicketNumber,
    limits: &Limits,
) -> Result<(Ticket, Vec<Recorded>), StoreError> {
    let mut submission = new.submission.clone();
    submission.number = number;
    let at = submission.received_at;
    let events = suban_domain::open(&submission, at, limits)?;
    let recorded: Vec<Recorded> = events
        .into_iter()
        .zip(1u32..)
        .map(|(event, version)| Recorded {
            ticket: submission.id,
            version,
            at,
            by: new.by.clone(),
            request: new.request.clone(),
            event,
        })
        .collect();
    let ticket =
        Ticket::fold(&recorded).map_err(|e| StoreError::Damaged { what: "submission", problem: e.to_string() })?;
    Ok((ticket, recorded))
}

/// Takes the sources of tickets that come in bulk; none may be taken.
pub(crate) async fn put_sources(conn: &mut PgConnection, news: &[NewTicket]) -> Result<(), StoreError> {
    let mut keys: Vec<(SourceKey, usize)> =
        news.iter().enumerate().map(|(i, new)| (key_of(&new.submission.source), i)).collect();
    keys.sort_unstable();
    let keys: Vec<(&SourceKey, usize)> = keys.iter().map(|(key, i)| (key, *i)).collect();
    let taken = keys.len() - take_sources(conn, &keys, news).await?.len();
    if taken > 0 {
        let problem = format!("{taken} of its sources are there already; bulk tickets are put there once");
        return Err(StoreError::Damaged { what: "bulk", problem });
    }
    Ok(())
}

/// Takes the source keys that are free. Served by the primary key of `ticket_source`.
async fn take_sources(
    conn: &mut PgConnection,
    keys: &[(&SourceKey, usize)],
    batch: &[NewTicket],
) -> Result<HashMap<SourceKey, ()>, StoreError> {
    let (mut channel, mut system, mut id, mut ticket, mut content) = (vec![], vec![], vec![], vec![], vec![]);
    for (key, i) in keys {
        let Some(new) = batch.get(*i) else { continue };
        channel.push(key.0);
        system.push(key.1.as_str());
        id.push(key.2.as_str());
        ticket.push(new.submission.id.uuid());
        content.push(new.content.0.to_vec());
    }
    let rows: Vec<SourceKey> = sqlx::query_as(
        "insert into core.ticket_source (channel, system, source_id, ticket_id, content)
         select * from unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[], $5::bytea[])
             as s(channel, system, source_id, ticket_id, content)
          order by 1, 2, 3
         on conflict do nothing
         returning channel, system, source_id",
    )
    .bind(&channel)
    .bind(&system)
    .bind(&id)
    .bind(&ticket)
    .bind(&content)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|k| (k, ())).collect())
}

async fn release_source(conn: &mut PgConnection, source: &Source) -> Result<(), StoreError> {
    let (channel, system, id) = key_of(source);
    sqlx::query("delete from core.ticket_source where channel = $1 and system = $2 and source_id = $3")
        .bind(channel)
        .bind(system)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Served by the primary keys of `ticket_source` and `ticket`.
async fn find_sources(
    store: &Store,
    keys: &[SourceKey],
) -> Result<HashMap<SourceKey, (TicketId, TicketNumber, Vec<u8>)>, StoreError> {
    let channel: Vec<i16> = keys.iter().map(|k| k.0).collect();
    let system: Vec<&str> = keys.iter().map(|k| k.1.as_str()).collect();
    let id: Vec<&str> = keys.iter().map(|k| k.2.as_str()).collect();
    let rows: Vec<(i16, String, String, Uuid, String, Vec<u8>)> = sqlx::query_as(
        "select s.channel, s.system, s.source_id, s.ticket_id, t.number, s.content
           from unnest($1::smallint[], $2::text[], $3::text[]) as k(channel, system, source_id)
           join core.ticket_source s using (channel, system, source_id)
           join core.ticket t on t.id = s.ticket_id",
    )
    .bind(&channel)
    .bind(&system)
    .bind(&id)
    .fetch_all(store.pool())
    .await?;
    rows.into_iter()
        .map(|(channel, system, source, ticket, number, content)| {
            let number = number
                .parse()
                .map_err(|_| StoreError::Damaged { what: "ticket number", problem: "does not parse".into() })?;
            Ok(((channel, system, source), (TicketId::new(ticket), number, content)))
        })
        .collect()
}

struct WordsRow {
    words: Vec<u8>,
    ticket: Uuid,
    area: Option<String>,
    phone: Option<Vec<u8>>,
}

/// Everything of the new tickets, as columns.
#[derive(Default)]
pub(crate) struct Rows {
    id: Vec<Uuid>,
    number: Vec<String>,
    version: Vec<i32>,
    state: Vec<i16>,
    received_at: Vec<time::OffsetDateTime>,
    bulk: Vec<bool>,
    body: Vec<String>,
    log: LogRows,
    packets: Packets,
    open: Vec<row::OpenRow>,
    phone: Vec<(Vec<u8>, Uuid)>,
    words: Vec<WordsRow>,
}

impl Rows {
    pub(crate) fn push(&mut self, ticket: &Ticket, events: &[Recorded], new: &NewTicket) -> Result<(), StoreError> {
        let id = ticket.id.uuid();
        self.id.push(id);
        self.number.push(ticket.number.to_string());
        self.version.push(i32::try_from(ticket.version).unwrap_or(i32::MAX));
        self.state.push(row::state_number(ticket.state));
        self.received_at.push(to_db(ticket.received_at));
        self.bulk.push(new.bulk);
        self.body.push(row::body(ticket)?);
        events.iter().for_each(|event| self.log.push(event));
        if !new.bulk {
            events.iter().for_each(|event| self.packets.add(Sent::of(event, new.trace.as_ref())));
            if hints(ticket) {
                self.packets.add(Sent::hint(ticket.id, ticket.received_at));
            }
        }
        self.open.extend(row::open_row(ticket));
        if let Some(phone) = new.phone {
            self.phone.push((phone.0.to_vec(), id));
        }
        if let Some((words, area)) = &new.words {
            self.words.push(WordsRow {
                words: words.0.to_vec(),
                ticket: id,
                area: area.as_ref().map(ToString::to_string),
                phone: new.phone.map(|p| p.0.to_vec()),
            });
        }
        Ok(())
    }

    /// Multi-row inserts, each in the order of its key.
    pub(crate) async fn insert(self, conn: &mut PgConnection, written: &Written) -> Result<(), StoreError> {
        if self.id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "with t as (
               insert into core.ticket (id, number, version, state, received_at, bulk, body)
               select r.id, r.number, r.version, r.state, r.received_at, r.bulk, r.body::json
                 from unnest($1::uuid[], $2::text[], $3::int[], $4::smallint[], $5::timestamptz[], $6::bool[], $7::text[])
                   as r(id, number, version, state, received_at, bulk, body)
                order by r.id
             ), o as (
               insert into core.ticket_open (ticket_id, state, urgency, unit, area, matter, received_at, next_due)
               select * from unnest($8::uuid[], $9::smallint[], $10::smallint[], $11::text[], $12::text[], $13::text[],
                                    $14::timestamptz[], $15::timestamptz[])
                   as q(ticket_id, state, urgency, unit, area, matter, received_at, next_due)
                order by 1
             ), p as (
               insert into core.ticket_phone (phone, ticket_id)
               select * from unnest($16::bytea[], $17::uuid[]) as q(phone, ticket_id) order by 1, 2
             )
             insert into core.ticket_words (words, ticket_id, area, phone)
             select * from unnest($18::bytea[], $19::uuid[], $20::text[], $21::bytea[])
                 as q(words, ticket_id, area, phone) order by 1, 2",
        )
        .bind(&self.id)
        .bind(&self.number)
        .bind(&self.version)
        .bind(&self.state)
        .bind(&self.received_at)
        .bind(&self.bulk)
        .bind(&self.body)
        .bind(self.open.iter().map(|o| o.id).collect::<Vec<_>>())
        .bind(self.open.iter().map(|o| o.state).collect::<Vec<_>>())
        .bind(self.open.iter().map(|o| o.urgency).collect::<Vec<_>>())
        .bind(self.open.iter().map(|o| o.unit.clone()).collect::<Vec<_>>())
        .bind(self.open.iter().map(|o| o.area.clone()).collect::<Vec<_>>())
        .bind(self.open.iter().map(|o| o.matter.clone()).collect::<Vec<_>>())
        .bind(self.open.iter().map(|o| to_db(o.received_at)).collect::<Vec<_>>())
        .bind(self.open.iter().map(|o| o.next_due.map(to_db)).collect::<Vec<_>>())
        .bind(self.phone.iter().map(|p| p.0.clone()).collect::<Vec<_>>())
        .bind(self.phone.iter().map(|p| p.1).collect::<Vec<_>>())
        .bind(self.words.iter().map(|w| w.words.clone()).collect::<Vec<_>>())
        .bind(self.words.iter().map(|w| w.ticket).collect::<Vec<_>>())
        .bind(self.words.iter().map(|w| w.area.clone()).collect::<Vec<_>>())
        .bind(self.words.iter().map(|w| w.phone.clone()).collect::<Vec<_>>())
        .execute(&mut *conn)
        .await?;
        let log = &self.log;
        sqlx::query(
            "insert into core.ticket_log (ticket_id, version, type, at, role, person, unit, request, body)
             select * from unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::smallint[], $6::text[],
                                  $7::text[], $8::text[], $9::bytea[])
                 as l(ticket_id, version, type, at, role, person, unit, request, body)
              order by 1, 2",
        )
        .bind(&log.ticket)
        .bind(&log.version)
        .bind(&log.kind)
        .bind(&log.at)
        .bind(&log.role)
        .bind(&log.person)
        .bind(&log.unit)
        .bind(&log.request)
        .bind(&log.body)
        .execute(&mut *conn)
        .await?;
        self.packets.put(conn, written).await
    }
}
