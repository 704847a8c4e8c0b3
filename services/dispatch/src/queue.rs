//! The people's queue: what waits, and who has it in hand.
//!
//! A claim is a row of Postgres and nothing else, so that two people never hold one ticket whatever fails; it ends
//! with the ticket's next step or by itself after [`CLAIM`].

use suban_domain::{AreaCode, At, Role, Span, TicketId, Urgency};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::{Caller, policy},
    errors,
};
use suban_service::{
    paging::{Mark, page_size},
    request_id, status, view,
};
use tonic::Status;
use uuid::Uuid;

use crate::{
    Desk,
    api::Api,
    decide::{self, Candidate},
    explain::{Explained, explain},
    tables::{self, Entry, Key, Narrow},
};

/// How long a person holds a ticket before others may take it.
pub(crate) const CLAIM: Span = Span::minutes(15);

impl Api {
    /// One page of the queue.
    pub(crate) async fn queue(
        &self,
        caller: &Caller,
        ask: &v1::ListQueueRequest,
    ) -> Result<v1::ListQueueReply, Status> {
        policy::may_watch(caller)?;
        let page = page_size(ask.page_size)?;
        let mut narrow = narrow(caller, &ask.area, &ask.urgencies)?;
        narrow.unclaimed = ask.unclaimed;
        narrow.holder = ask.mine.then(|| caller.actor.person.clone());
        let mark = Mark::of(caller, &v1::ListQueueRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let after = mark.open::<26>(&ask.page_token)?.map(key_from);
        let pool = self.app.store.pool();
        let found = tables::list(pool, self.app.clock().now(), &narrow, after, page).await.map_err(|e| status(&e))?;
        let next = found.last().filter(|_| found.len() == page as usize).map(|e| mark.seal(&key_of(e)));
        Ok(v1::ListQueueReply {
            entries: self.entries(caller, &found).await?,
            next_page_token: next.unwrap_or_default(),
        })
    }

    /// Takes one for the caller.
    pub(crate) async fn take(&self, caller: &Caller, ask: &v1::ClaimRequest) -> Result<v1::ClaimReply, Status> {
        dispatcher(caller)?;
        request_id(&ask.request_id)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        view::may_read(caller, &ticket)?;
        let (pool, now) = (self.app.store.pool(), self.app.clock().now());
        let me = &caller.actor.person;
        let claimed = tables::claim(pool, ticket.id, me, now, now.plus(CLAIM)).await.map_err(|e| status(&e))?;
        if let Some(claimed) = claimed {
            return self.claimed(caller, &claimed).await;
        }
        match tables::find(pool, ticket.id).await.map_err(|e| status(&e))? {
            Some(Entry { claimed_by: Some(holder), claimed_until: Some(until), .. }) => Err(errors::conflict(
                format!("{holder} has ticket {} until {until}; take another", ticket.number),
                std::time::Duration::from_secs(60),
            )),
            Some(_) => Err(errors::conflict("the claim changed at this moment", std::time::Duration::from_millis(50))),
            None => Err(errors::refused(
                "NOT_WAITING",
                format!("ticket {} waits for nobody; it may have moved on", ticket.number),
                [],
            )),
        }
    }

    /// Takes the first that nobody has. A repeat within a claim answers with the same ticket: the request's own
    /// claim is the newest of the caller's.
    pub(crate) async fn take_next(
        &self,
        caller: &Caller,
        ask: &v1::ClaimNextRequest,
    ) -> Result<v1::ClaimReply, Status> {
        dispatcher(caller)?;
        let request = request_id(&ask.request_id)?;
        let narrow = narrow(caller, &ask.area, &ask.urgencies)?;
        let (pool, now) = (self.app.store.pool(), self.app.clock().now());
        let me = &caller.actor.person;
        let claimed = tables::claim_next(pool, &narrow, me, &request, now, now.plus(CLAIM))
            .await
            .map_err(|e| status(&e))?
            .ok_or_else(|| errors::not_found("ticket", "waits for a person under these filters"))?;
        self.claimed(caller, &claimed).await
    }

    /// Gives one back.
    pub(crate) async fn give_back(
        &self,
        caller: &Caller,
        ask: &v1::ReleaseClaimRequest,
    ) -> Result<v1::ReleaseClaimReply, Status> {
        let anybodys = caller.actor.role == Role::Supervisor;
        if !anybodys {
            dispatcher(caller)?;
        }
        request_id(&ask.request_id)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let released = tables::release(self.app.store.pool(), ticket.id, &caller.actor.person, anybodys)
            .await
            .map_err(|e| status(&e))?;
        Ok(v1::ReleaseClaimReply { released })
    }

    /// Why a ticket went, or would go, where it goes.
    pub(crate) async fn why(&self, caller: &Caller, ask: &v1::ExplainRequest) -> Result<v1::Explanation, Status> {
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        view::may_read(caller, &ticket)?;
        let desk = Desk { app: self.app.clone(), learned: self.learned.clone() };
        let why = explain(&desk, &ticket).await.map_err(|e| status(&e))?;
        Ok(explanation(why))
    }

    async fn claimed(&self, caller: &Caller, entry: &Entry) -> Result<v1::ClaimReply, Status> {
        let entry = self.entries(caller, std::slice::from_ref(entry)).await?.pop();
        Ok(v1::ClaimReply { entry })
    }

    /// Rows as the caller may see them, in their order; what the caller may not read is left out.
    async fn entries(&self, caller: &Caller, rows: &[Entry]) -> Result<Vec<v1::QueueEntry>, Status> {
        let ids: Vec<TicketId> = rows.iter().map(|e| e.ticket).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let mut titles = self.app.store.titles(&ids).await.map_err(|e| status(&e))?;
        let mut entry = |row: &Entry| {
            let ticket = tickets.get(&row.ticket).filter(|t| view::may_read(caller, t).is_ok())?;
            Some(v1::QueueEntry {
                number: ticket.number.to_string(),
                ticket_id: ticket.id.to_string(),
                state: ticket.state.number(),
                urgency: ticket.urgency.number(),
                area: ticket.area.as_ref().map(ToString::to_string).unwrap_or_default(),
                matter: ticket.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
                reason: row.reason.map_or(0, decide::Reason::number),
                since: Some(view::timestamp(row.received_at)),
                due: ticket.next_due().map(view::timestamp),
                claimed_by: row.claimed_by.clone().unwrap_or_default(),
                claimed_until: row.claimed_until.map(view::timestamp),
                title: titles.remove(&row.ticket).unwrap_or_default(),
            })
        };
        Ok(rows.iter().filter_map(&mut entry).collect())
    }
}

/// Claims are for those who dispatch.
fn dispatcher(caller: &Caller) -> Result<(), Status> {
    if caller.actor.role == Role::Dispatcher {
        return Ok(());
    }
    Err(errors::denied(
        "ROLE",
        format!("only dispatchers take tickets from the queue; the role is {}", caller.actor.role),
    ))
}

/// The filters, inside the caller's own area.
fn narrow(caller: &Caller, area: &str, urgencies: &[i32]) -> Result<Narrow, Status> {
    let asked = edge::given::<AreaCode>(area).map_err(|e| errors::invalid("area", e))?;
    let urgencies = edge::choices::<Urgency>(urgencies).map_err(|e| errors::invalid("urgencies", e))?;
    let area = match (&caller.actor.area, asked) {
        (Some(own), Some(asked)) if !own.contains(&asked) => {
            return Err(errors::denied(
                "OTHER_AREA",
                format!("area {asked} lies outside {own}, which this token is for"),
            ));
        }
        (_, Some(asked)) => Some(asked),
        (own, None) => own.clone(),
    };
    Ok(Narrow { area, urgencies: urgencies.into_iter().map(decide::rank).collect(), ..Narrow::default() })
}

/// As the contract says it.
pub(crate) fn explanation(why: Explained) -> v1::Explanation {
    v1::Explanation {
        tier: why.tier.number(),
        candidates: why.candidates.into_iter().map(shown).collect(),
        reason_zh: why.because_zh,
        reason_en: why.because_en,
        catalogue: why.catalogue,
        reader: why.reader,
        dispatched: why.dispatched,
        learned: why.learned,
    }
}

fn shown(candidate: Candidate) -> v1::DispatchCandidate {
    v1::DispatchCandidate {
        unit: candidate.unit.to_string(),
        unit_name: candidate.name,
        rule: candidate.rule,
        reason_zh: candidate.because_zh,
        reason_en: candidate.because_en,
        chance: candidate.permille.map(|permille| f64::from(permille) / 1000.0),
    }
}

fn key_of(entry: &Entry) -> [u8; 26] {
    let mut key = [0; 26];
    key[..2].copy_from_slice(&entry.urgency.to_be_bytes());
    key[2..10].copy_from_slice(&entry.received_at.micros().to_be_bytes());
    key[10..].copy_from_slice(entry.ticket.uuid().as_bytes());
    key
}

fn key_from(key: [u8; 26]) -> Key {
    let (mut urgency, mut at, mut id) = ([0; 2], [0; 8], [0; 16]);
    urgency.copy_from_slice(&key[..2]);
    at.copy_from_slice(&key[2..10]);
    id.copy_from_slice(&key[10..]);
    (i16::from_be_bytes(urgency), At::from_micros(i64::from_be_bytes(at)), TicketId::new(Uuid::from_bytes(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_where_the_last_one_ended() {
        let entry = Entry {
            ticket: TicketId::new(Uuid::from_u128(77)),
            urgency: 3,
            received_at: At::from_micros(1_700_000_000_000_001),
            reason: None,
            claimed_by: None,
            claimed_until: None,
        };
        assert_eq!(key_from(key_of(&entry)), (3, entry.received_at, entry.ticket));
    }
}
