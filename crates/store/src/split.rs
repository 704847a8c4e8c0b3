//! One ticket becomes several (拆单, F10, D§9.6): the parent waits, and each part is a ticket of its own.
//!
//! Parent and parts are written in one transaction. A part has its parent's source and person, its own words, and the
//! parent's number with `-1`, `-2` and so on; it takes no source key, for the source sent one demand.

use suban_domain::{
    Actor, AreaCode, At, Fact, Hash, Kind, Limits, MatterCode, Reading, RequestId, Submission, Ticket, TicketId,
    VersionCode, groups,
};

use crate::{
    Change, NewTicket, Store, StoreError,
    create::{Rows, fold},
    texts::{Owner, PreparedText, TextKind, insert_texts},
};

/// How often a parent that others were faster with is read again.
const ATTEMPTS: usize = 16;

/// One of the demands that a ticket holds.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its words, cleaned by [`crate::texts::clean`].
    pub text: String,
    /// What the citizen wants; the parent's where it is not said.
    pub kind: Option<Kind>,
    /// Which row of the catalogue.
    pub matter: Option<MatterCode>,
    /// Which place; the parent's where it is not said.
    pub area: Option<AreaCode>,
}

/// A wish to split a ticket.
#[derive(Debug, Clone)]
pub struct Split {
    /// Which ticket.
    pub parent: TicketId,
    /// Its demands, two or more.
    pub parts: Vec<Part>,
    /// By which version of the catalogue their matters were named.
    pub version: VersionCode,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: At,
    /// Which request.
    pub request: RequestId,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Parted {
    /// The ticket that waits for its parts.
    pub parent: Ticket,
    /// The parts, in their order.
    pub parts: Vec<Ticket>,
    /// The request had been done before.
    pub repeated: bool,
}

impl Store {
    /// Splits a ticket.
    ///
    /// # Errors
    /// The refusal, `NotFound`, `Contended`, or that Postgres is away.
    pub async fn split(&self, split: &Split, limits: &Limits) -> Result<Parted, StoreError> {
        for _ in 0..ATTEMPTS {
            let parent = self.load_one(split.parent).await?;
            if let Some(event) = self.event_of(parent.id, &split.request).await?
                && matches!(event.event.fact, Fact::Split { .. })
            {
                let parts = self.parts_of(&parent).await?;
                return Ok(Parted { parent, parts, repeated: true });
            }
            let owner = match parent.requester {
                // Of somebody erased nothing is to be sealed.
                Some(requester) => self.owners(&[requester]).await?.remove(&requester),
                None => None,
            };
            let (submissions, texts): (Vec<Submission>, Vec<PreparedText>) = (1u16..)
                .zip(&split.parts)
                .map(|(place, part)| self.part(&parent, place, part, split, owner.as_ref()))
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .unzip();
            let (events, opened) = groups::split(&parent, submissions, &split.by, split.at, limits)?;
            let change = Change::of(parent, events, &split.by, split.at, &split.request)?;
            let trace = change.trace.clone();
            let mut tx = self.pool().begin().await?;
            let done = self.commit_in(&mut tx, vec![change]).await?;
            let Some(changed) = done.changed.into_iter().next() else {
                tx.rollback().await?;
                continue;
            };
            let (mut rows, mut parts) = (Rows::default(), Vec::with_capacity(opened.len()));
            for (submission, _) in opened {
                let number = submission.number.clone();
                let new = NewTicket {
                    submission,
                    person: None,
                    texts: Vec::new(),
                    content: Hash([0; 32]),
                    phone: None,
                    words: None,
                    by: split.by.clone(),
                    request: split.request.clone(),
                    trace: trace.clone(),
                    bulk: false,
                };
                let (ticket, events) = fold(&new, number, limits)?;
                rows.push(&ticket, &events, &new)?;
                parts.push(ticket);
            }
            insert_texts(&mut tx, &texts.iter().collect::<Vec<_>>()).await?;
            rows.insert(&mut tx, self.written()).await?;
            self.finish(tx).await?;
            metrics::counter!("suban_tickets_split_total").increment(1);
            return Ok(Parted { parent: changed.after, parts, repeated: false });
        }
        Err(StoreError::Contended)
    }

    /// The parts of a ticket, in their order. Served by the primary key of `ticket`.
    ///
    /// # Errors
    /// When Postgres is away or a row is damaged.
    pub async fn parts_of(&self, parent: &Ticket) -> Result<Vec<Ticket>, StoreError> {
        let mut found = self.load(&parent.parts).await?;
        Ok(parent.parts.iter().filter_map(|id| found.remove(id)).collect())
    }

    fn part(
        &self,
        parent: &Ticket,
        place: u16,
        part: &Part,
        split: &Split,
        owner: Option<&Owner>,
    ) -> Result<(Submission, PreparedText), StoreError> {
        let id = self.ids().ticket(split.at);
        let text = self.prepare_text(owner, split.at, id, TextKind::CitizenWords, &part.text)?;
        let area = part.area.clone().or_else(|| parent.area.clone());
        let kind = part.kind.or(parent.kind);
        let reading = Reading {
            kind,
            matter: part.matter.clone(),
            area: area.clone(),
            version: split.version.clone(),
            several: Vec::new(),
        };
        let submission = Submission {
            requester: parent.requester,
            reachable: parent.reachable,
            reported_at: parent.reported_at,
            texts: vec![text.id],
            kind,
            urgency: parent.urgency,
            matter: part.matter.clone(),
            area,
            point: parent.point,
            flags: parent.flags,
            parent: Some(parent.id),
            accept: Some(reading),
            ..Submission::new(id, parent.number.part(place), parent.source.clone(), split.at)
        };
        Ok((submission, text))
    }
}
