//! The one door for every free text, and the vault of personal data behind it (design §6, R-SEC-1, R-SEC-2).
//!
//! Citizens' words, supplements, handlers' replies, evidence, remarks: each passes [`prepare_text`], which
//! masks what looks like personal data and the requester's own values. The masked form is kept in clear; where
//! the mask changed something, the original is kept too, under the requester's own key. Events and tickets
//! carry ids of texts only.
//!
//! Preparing needs no database, so that a service can do it before it asks for a connection. What was sealed
//! comes back in clear only through [`Store::reveal_person`] and [`Store::reveal_text`], which write down who
//! looked and why in the same transaction. Whether the caller may look is decided before
//! (`suban_runtime::access::policy`).

mod reveal;

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use suban_domain::{At, Hash, RequesterId, TextId, TicketId};
use suban_runtime::{Ids, Keys};
use suban_text::{OwnValues, mask, phone};
use uuid::Uuid;
use zeroize::{Zeroize as _, Zeroizing};

pub use reveal::{reveal_person, reveal_text};

use crate::{
    Store, StoreError,
    crypto::{RequesterKey, about, phone_hash},
    to_db,
};

/// What is known of a requester. `Debug` shows none of it, and it is wiped from memory when dropped.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Full name, or as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Telephone number, however it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Number of the identity card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_card: Option<String>,
    /// Home address; the place of the incident belongs to the ticket (D§5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_address: Option<String>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |value: &Option<String>| if value.is_some() { "…" } else { "–" };
        write!(
            f,
            "Person {{ name: {}, phone: {}, id_card: {}, home_address: {} }}",
            said(&self.name),
            said(&self.phone),
            said(&self.id_card),
            said(&self.home_address)
        )
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.name.zeroize();
        self.phone.zeroize();
        self.id_card.zeroize();
        self.home_address.zeroize();
    }
}

impl Person {
    /// The values that the mask takes out of texts.
    #[must_use]
    pub fn own(&self) -> OwnValues {
        OwnValues {
            name: self.name.clone(),
            phone: self.phone.as_deref().and_then(phone::normalise),
            address: self.home_address.clone(),
        }
    }
}

/// What a text is. The numbers are kept in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum TextKind {
    /// What the citizen said.
    CitizenWords = 1,
    /// The ticket's title.
    Title = 2,
    /// The place of the incident. A home address in it stays: whoever drives there needs it (D§5.5).
    Place = 3,
    /// What the citizen added.
    Supplement = 4,
    /// The public reply.
    Reply = 5,
    /// The handling as the unit tells it to the centre.
    Internal = 6,
    /// Evidence for a return or an appeal.
    Evidence = 7,
    /// Remark of a reviewer, supervisor or callback agent.
    Remark = 8,
    /// Note on the ticket.
    Note = 9,
    /// Reason given for a decision.
    Reason = 10,
    /// Who took the call at the unit that it was passed to.
    Taker = 11,
    /// Answer given on the spot, or a citizen's answer in a survey.
    Answer = 12,
    /// A master's reply, copied to a member of its group (D§9.5).
    CopiedReply = 13,
}

impl TextKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::CitizenWords,
        Self::Title,
        Self::Place,
        Self::Supplement,
        Self::Reply,
        Self::Internal,
        Self::Evidence,
        Self::Remark,
        Self::Note,
        Self::Reason,
        Self::Taker,
        Self::Answer,
        Self::CopiedReply,
    ];

    /// As it is kept.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(n: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.number() == n)
    }
}

/// A requester's key and own values: what it takes to write a text about them.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Whose.
    pub id: RequesterId,
    pub(crate) key: RequesterKey,
    /// What the mask takes out.
    pub own: OwnValues,
}

/// A requester, sealed and ready to be stored.
#[derive(Debug, Clone)]
pub struct PreparedRequester {
    /// The new requester.
    pub id: RequesterId,
    /// Blind index of the phone; none when none was given or it is no number.
    pub phone_hash: Option<Hash>,
    owner: Owner,
    at: At,
    key_id: String,
    wrapped: Vec<u8>,
    sealed: Vec<u8>,
}

impl PreparedRequester {
    /// For [`prepare_text`].
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }
}

/// A text, masked, sealed and ready to be stored.
#[derive(Debug, Clone)]
pub struct PreparedText {
    /// The new text.
    pub id: TextId,
    /// The ticket in whose file it is.
    pub ticket: TicketId,
    /// What it is.
    pub kind: TextKind,
    /// As everybody may read it who may read the ticket.
    pub masked: String,
    requester: Option<RequesterId>,
    sealed: Option<Vec<u8>>,
    at: At,
}

/// Gives a requester an id and a key, and seals what is known. Needs no database.
///
/// # Errors
/// When the machine gives no random bits or the keys have no current one.
pub fn prepare_requester(keys: &Keys, ids: &Ids, at: At, person: &Person) -> Result<PreparedRequester, StoreError> {
    let id = RequesterId::new(ids.uuid(at));
    let own = person.own();
    let key = RequesterKey::fresh()?;
    let written = Zeroizing::new(serde_json::to_vec(person).map_err(|e| damaged_person(&e))?);
    Ok(PreparedRequester {
        id,
        phone_hash: own.phone.as_ref().map(|p| phone_hash(keys, p)),
        at,
        key_id: keys.current.clone(),
        wrapped: key.wrap(keys, id)?,
        sealed: key.seal(&about(PERSON, id.uuid()), &written)?,
        owner: Owner { id, key, own },
    })
}

/// What a ciphertext is, authenticated with it.
const PERSON: &[u8] = b"person";
const TEXT: &[u8] = b"text";

/// JSON's own messages quote what they stumble over, and that is personal data here.
fn damaged_person(problem: &serde_json::Error) -> StoreError {
    StoreError::Damaged { what: "personal data", problem: format!("{:?} error in its JSON", problem.classify()) }
}

/// Masks a text, and seals the original when the mask changed it. Needs no database.
///
/// `of` is the requester whose ticket it is. Without one (an anonymous ticket, an erased requester) there is no
/// key, so what the mask takes out is gone; an intake that wants to keep a number written inside the words
/// prepares a requester even when nothing else is known of them.
///
/// # Errors
/// When the machine gives no random bits.
pub fn prepare_text(
    of: Option<&Owner>,
    ids: &Ids,
    at: At,
    ticket: TicketId,
    kind: TextKind,
    raw: &str,
) -> Result<PreparedText, StoreError> {
    let id = TextId::new(ids.uuid(at));
    let masked = match of {
        Some(owner) if kind == TextKind::Place => mask(raw, &OwnValues { address: None, ..owner.own.clone() }),
        Some(owner) => mask(raw, &owner.own),
        None => mask(raw, &OwnValues::default()),
    };
    let sealed = match of {
        Some(owner) if masked.text != raw => Some(owner.key.seal(&about(TEXT, id.uuid()), raw.as_bytes())?),
        Some(_) | None => None,
    };
    Ok(PreparedText { id, ticket, kind, masked: masked.text, requester: of.map(|o| o.id), sealed, at })
}

/// Checks a text as it came in, before anything else looks at it: not empty, not too long, and no control
/// characters but line feeds and tabs. Line ends become `\n`, space around it goes.
///
/// # Errors
/// The field and what is wrong with it; never the text.
pub fn clean(field: &'static str, raw: &str, max_chars: usize) -> Result<String, (&'static str, String)> {
    let text = raw.replace("\r\n", "\n");
    // Control characters are not space: they must not vanish unseen at the ends.
    if let Some(c) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err((field, format!("has the control character U+{:04X}", u32::from(c))));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err((field, "is empty".to_owned()));
    }
    let chars = text.chars().count();
    if chars > max_chars {
        return Err((field, format!("has {chars} characters; at most {max_chars} are taken")));
    }
    Ok(text.to_owned())
}

/// Stores requesters with their wrapped keys: one insert, in the order of its key.
///
/// # Errors
/// When Postgres is away.
pub async fn insert_requesters(conn: &mut PgConnection, people: &[&PreparedRequester]) -> Result<(), StoreError> {
    if people.is_empty() {
        return Ok(());
    }
    let mut people = people.to_vec();
    people.sort_unstable_by_key(|p| p.id);
    sqlx::query(
        "insert into core.requester (id, key_id, wrapped, sealed, created_at)
         select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::timestamptz[])",
    )
    .bind(people.iter().map(|p| p.id.uuid()).collect::<Vec<_>>())
    .bind(people.iter().map(|p| p.key_id.as_str()).collect::<Vec<_>>())
    .bind(people.iter().map(|p| p.wrapped.as_slice()).collect::<Vec<_>>())
    .bind(people.iter().map(|p| p.sealed.as_slice()).collect::<Vec<_>>())
    .bind(people.iter().map(|p| to_db(p.at)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores texts: one insert, in the order of its key.
///
/// # Errors
/// When Postgres is away.
pub async fn insert_texts(conn: &mut PgConnection, texts: &[&PreparedText]) -> Result<(), StoreError> {
    if texts.is_empty() {
        return Ok(());
    }
    let mut texts = texts.to_vec();
    texts.sort_unstable_by_key(|t| t.id);
    sqlx::query(
        "insert into core.text (id, ticket_id, requester_id, kind, masked, sealed, created_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::text[], $6::bytea[],
                              $7::timestamptz[])",
    )
    .bind(texts.iter().map(|t| t.id.uuid()).collect::<Vec<_>>())
    .bind(texts.iter().map(|t| t.ticket.uuid()).collect::<Vec<_>>())
    .bind(texts.iter().map(|t| t.requester.map(RequesterId::uuid)).collect::<Vec<_>>())
    .bind(texts.iter().map(|t| t.kind.number()).collect::<Vec<_>>())
    .bind(texts.iter().map(|t| t.masked.as_str()).collect::<Vec<_>>())
    .bind(texts.iter().map(|t| t.sealed.as_deref()).collect::<Vec<_>>())
    .bind(texts.iter().map(|t| to_db(t.at)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// The masked forms of these texts; erased and unknown ones are left out. Served by the primary key.
///
/// # Errors
/// When Postgres is away.
pub async fn masked(db: impl PgExecutor<'_>, texts: &[TextId]) -> Result<HashMap<TextId, String>, StoreError> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("select id, masked from core.text where id = any($1) and masked is not null")
            .bind(texts.iter().map(|t| t.uuid()).collect::<Vec<_>>())
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|(id, masked)| (TextId::new(id), masked)).collect())
}

/// What was said about these tickets, masked, one text each: the latest title, for people write the subject there, then
/// the citizens' words and supplements in the order they said them. As a demand is read when it comes. Served by
/// `text_ticket`.
///
/// # Errors
/// When Postgres is away.
pub async fn said(db: impl PgExecutor<'_>, tickets: &[TicketId]) -> Result<HashMap<TicketId, String>, StoreError> {
    if tickets.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "select ticket_id, string_agg(masked, E'\\n' order by kind = $2 desc, id)
           from (select ticket_id, id, kind, masked, max(id::text) filter (where kind = $2) over (partition by ticket_id) as title
                   from core.text
                  where ticket_id = any($1) and kind in ($2, $3, $4) and masked is not null) t
          where kind <> $2 or id::text = title
          group by ticket_id",
    )
    .bind(tickets.iter().map(|t| t.uuid()).collect::<Vec<_>>())
    .bind(TextKind::Title.number())
    .bind(TextKind::CitizenWords.number())
    .bind(TextKind::Supplement.number())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|(ticket, said)| (TicketId::new(ticket), said)).collect())
}

/// A text in a ticket's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Which.
    pub id: TextId,
    /// What it is.
    pub kind: TextKind,
    /// As it may be read; none once it is erased.
    pub masked: Option<String>,
    /// Is there more to be revealed?
    pub sealed: bool,
}

/// A ticket's whole file, in the order it was written. Served by `text_ticket`.
///
/// # Errors
/// When Postgres is away.
pub async fn file_of(db: impl PgExecutor<'_>, ticket: TicketId) -> Result<Vec<Filed>, StoreError> {
    let rows: Vec<(Uuid, i16, Option<String>, bool)> =
        sqlx::query_as("select id, kind, masked, sealed is not null from core.text where ticket_id = $1 order by id")
            .bind(ticket.uuid())
            .fetch_all(db)
            .await?;
    rows.into_iter()
        .map(|(id, kind, masked, sealed)| {
            let kind = TextKind::from_number(kind)
                .ok_or_else(|| StoreError::Damaged { what: "text", problem: format!("kind {kind} is unknown") })?;
            Ok(Filed { id: TextId::new(id), kind, masked, sealed })
        })
        .collect()
}

/// The keys and own values of these requesters; erased and unknown ones are left out. Served by the primary key.
///
/// # Errors
/// When Postgres is away, or a key or what it sealed is damaged.
pub async fn owners(
    db: impl PgExecutor<'_>,
    keys: &Keys,
    requesters: &[RequesterId],
) -> Result<HashMap<RequesterId, Owner>, StoreError> {
    let owners = owners_each(db, keys, requesters).await?;
    owners.into_iter().map(|(id, owner)| Ok((id, owner?))).collect()
}

/// The same where one damaged key is no reason to do without the others.
pub(crate) async fn owners_each(
    db: impl PgExecutor<'_>,
    keys: &Keys,
    requesters: &[RequesterId],
) -> Result<HashMap<RequesterId, Result<Owner, StoreError>>, StoreError> {
    if requesters.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "select id, key_id, wrapped, sealed from core.requester
          where id = any($1) and wrapped is not null and sealed is not null",
    )
    .bind(requesters.iter().map(|r| r.uuid()).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let each = rows.into_iter().map(|(id, key_id, wrapped, sealed)| {
        let id = RequesterId::new(id);
        let unsealed = unseal(keys, id, &key_id, &wrapped, &sealed);
        (id, unsealed.map(|(key, person)| Owner { id, key, own: person.own() }))
    });
    Ok(each.collect())
}

fn unseal(
    keys: &Keys,
    id: RequesterId,
    key_id: &str,
    wrapped: &[u8],
    sealed: &[u8],
) -> Result<(RequesterKey, Person), StoreError> {
    let key = RequesterKey::unwrap(keys, key_id, id, wrapped)?;
    let written = key.open(&about(PERSON, id.uuid()), sealed)?;
    let person = serde_json::from_slice(&written).map_err(|e| damaged_person(&e))?;
    Ok((key, person))
}

/// A text to be added to the file of a ticket that is there already.
#[derive(Clone)]
pub struct NewText<'a> {
    /// Which ticket.
    pub ticket: TicketId,
    /// The ticket's requester, whose values are taken out.
    pub requester: Option<RequesterId>,
    /// What it is.
    pub kind: TextKind,
    /// As it was written; pass it through [`clean`] before.
    pub raw: &'a str,
}

impl fmt::Debug for NewText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewText {{ ticket: {}, kind: {:?}, raw: … }}", self.ticket, self.kind)
    }
}

/// Adds texts to tickets' files, masked against their requesters. Answers ids in the order of `texts`.
///
/// # Errors
/// When Postgres is away, or a requester's key is damaged.
pub async fn add_texts(
    conn: &mut PgConnection,
    keys: &Keys,
    ids: &Ids,
    at: At,
    texts: &[NewText<'_>],
) -> Result<Vec<TextId>, StoreError> {
    let requesters: Vec<RequesterId> = texts.iter().filter_map(|t| t.requester).collect();
    let owners = owners(&mut *conn, keys, &requesters).await?;
    let prepared = texts
        .iter()
        .map(|t| {
            let owner = t.requester.and_then(|r| owners.get(&r));
            prepare_text(owner, ids, at, t.ticket, t.kind, t.raw)
        })
        .collect::<Result<Vec<_>, _>>()?;
    insert_texts(conn, &prepared.iter().collect::<Vec<_>>()).await?;
    Ok(prepared.into_iter().map(|t| t.id).collect())
}

/// Adds one text. See [`add_texts`].
///
/// # Errors
/// As [`add_texts`].
pub async fn add_text(
    conn: &mut PgConnection,
    keys: &Keys,
    ids: &Ids,
    at: At,
    text: NewText<'_>,
) -> Result<TextId, StoreError> {
    let added = add_texts(conn, keys, ids, at, std::slice::from_ref(&text)).await?;
    added.first().copied().ok_or(StoreError::NotFound { what: "text" })
}

/// Copies a text to the files of other tickets, masked again against each one's requester (D§9.5). What the
/// mask took out for its own requester is not copied. Answers ids in the order of `to`.
///
/// # Errors
/// `NotFound` when the text is unknown or erased; when Postgres is away, or a requester's key is damaged.
pub async fn copy_masked(
    conn: &mut PgConnection,
    keys: &Keys,
    ids: &Ids,
    at: At,
    text: TextId,
    to: &[(TicketId, Option<RequesterId>)],
    kind: TextKind,
) -> Result<Vec<TextId>, StoreError> {
    let found = masked(&mut *conn, &[text]).await?;
    let raw = found.get(&text).ok_or(StoreError::NotFound { what: "text" })?;
    let copies: Vec<NewText<'_>> =
        to.iter().map(|(ticket, requester)| NewText { ticket: *ticket, requester: *requester, kind, raw }).collect();
    add_texts(conn, keys, ids, at, &copies).await
}

impl Store {
    /// See [`prepare_requester`].
    ///
    /// # Errors
    /// As there.
    pub fn prepare_requester(&self, at: At, person: &Person) -> Result<PreparedRequester, StoreError> {
        prepare_requester(self.keys(), self.ids(), at, person)
    }

    /// See [`prepare_text`].
    ///
    /// # Errors
    /// As there.
    pub fn prepare_text(
        &self,
        of: Option<&Owner>,
        at: At,
        ticket: TicketId,
        kind: TextKind,
        raw: &str,
    ) -> Result<PreparedText, StoreError> {
        prepare_text(of, self.ids(), at, ticket, kind, raw)
    }

    /// See [`owners`].
    ///
    /// # Errors
    /// As there.
    pub async fn owners(&self, requesters: &[RequesterId]) -> Result<HashMap<RequesterId, Owner>, StoreError> {
        owners(self.pool(), self.keys(), requesters).await
    }

    /// See [`masked`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn masked(&self, texts: &[TextId]) -> Result<HashMap<TextId, String>, StoreError> {
        masked(self.pool(), texts).await
    }

    /// See [`said`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn said(&self, tickets: &[TicketId]) -> Result<HashMap<TicketId, String>, StoreError> {
        said(self.pool(), tickets).await
    }

    /// See [`file_of`].
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn file_of(&self, ticket: TicketId) -> Result<Vec<Filed>, StoreError> {
        file_of(self.pool(), ticket).await
    }
}
