//! Lists by filters, newest first, by key: the key is a ticket's id, which begins with the time of receipt, so
//! pages stay right while tickets arrive.
//!
//! One page looks at a bounded number of tickets: where few fit, it is short and its token goes on from there.

use suban_domain::{AreaCode, At, Channel, Kind, State, Ticket, TicketId, UnitCode, Urgency};
use suban_proto::{edge, v1};
use suban_runtime::{access::Caller, errors::FieldErrors};
use suban_service::{
    paging::{Mark, page_size},
    status, view,
};
use suban_store::Filter;
use tonic::Status;
use uuid::Uuid;

use crate::{
    api::{Api, staff_only},
    tables,
};

/// Tickets read at once, and for one page at most.
const STEP: u32 = 200;
const LOOKED_AT: usize = 4000;

/// What is wanted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) states: Vec<State>,
    pub(crate) unit: Option<UnitCode>,
    pub(crate) area: Option<AreaCode>,
    pub(crate) urgencies: Vec<Urgency>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) from: Option<At>,
    pub(crate) until: Option<At>,
}

impl Wanted {
    pub(crate) fn read(ask: &v1::ListRequest) -> Result<Self, Status> {
        let mut wrong = FieldErrors::new();
        let wanted = Self {
            states: wrong.take("states", edge::choices(&ask.states)).unwrap_or_default(),
            unit: wrong.take("unit", edge::given(&ask.unit)).flatten(),
            area: wrong.take("area", edge::given(&ask.area)).flatten(),
            urgencies: wrong.take("urgencies", edge::choices(&ask.urgencies)).unwrap_or_default(),
            kinds: wrong.take("kinds", edge::choices(&ask.kinds)).unwrap_or_default(),
            channels: wrong.take("channels", edge::choices(&ask.channels)).unwrap_or_default(),
            from: wrong.take("received_from", edge::at_given(ask.received_from)).flatten(),
            until: wrong.take("received_to", edge::at_given(ask.received_to)).flatten(),
        };
        if wanted.from.zip(wanted.until).is_some_and(|(from, until)| from >= until) {
            wrong.add("received_to", "must lie after received_from");
        }
        wrong.check()?;
        Ok(wanted)
    }

    pub(crate) fn admits(&self, ticket: &Ticket) -> bool {
        let among = |n: bool, empty: bool| n || empty;
        among(self.states.contains(&ticket.state), self.states.is_empty())
            && among(self.urgencies.contains(&ticket.urgency), self.urgencies.is_empty())
            && among(ticket.kind.is_some_and(|k| self.kinds.contains(&k)), self.kinds.is_empty())
            && among(self.channels.contains(&ticket.source.channel), self.channels.is_empty())
            && self.unit.as_ref().is_none_or(|u| ticket.tasks.iter().any(|t| t.unit == *u))
            && self.area.as_ref().is_none_or(|a| ticket.area.as_ref().is_some_and(|b| a.contains(b)))
            && self.from.is_none_or(|from| ticket.received_at >= from)
            && self.until.is_none_or(|until| ticket.received_at < until)
    }

    /// Only open tickets are wanted, so that the queues' narrow rows can tell which.
    fn only_open(&self) -> bool {
        !self.states.is_empty() && self.states.iter().all(|s| !s.is_terminal())
    }
}

impl Api {
    /// One page.
    pub(crate) async fn page(&self, caller: &Caller, ask: &v1::ListRequest) -> Result<v1::ListReply, Status> {
        staff_only(caller, "list tickets")?;
        let mut wanted = Wanted::read(ask)?;
        if wanted.unit.is_none() {
            wanted.unit.clone_from(&caller.actor.unit);
        }
        let page = page_size(ask.page_size)?;
        let mark = Mark::of(caller, &v1::ListRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let start = match mark.open(&ask.page_token)? {
            Some(key) => Some(TicketId::new(Uuid::from_bytes(key))),
            None => wanted.until.map(|until| first_id(until.plus(suban_domain::Span::micros(1000)))),
        };
        let (found, next) = self.scan(caller, &wanted, start, page as usize).await?;
        Ok(v1::ListReply {
            tickets: self.lines(caller, &found).await?,
            next_page_token: next.map(|key| mark.seal(key.uuid().as_bytes())).unwrap_or_default(),
        })
    }

    async fn scan(
        &self,
        caller: &Caller,
        wanted: &Wanted,
        mut before: Option<TicketId>,
        page: usize,
    ) -> Result<(Vec<Ticket>, Option<TicketId>), Status> {
        let floor = wanted.from.map(first_id);
        let (mut found, mut looked) = (Vec::with_capacity(page), 0);
        loop {
            let step = self.step(wanted, before).await?;
            let full = step.len() >= STEP as usize;
            looked += step.len();
            for ticket in step {
                if floor.is_some_and(|floor| ticket.id < floor) {
                    return Ok((found, None));
                }
                before = Some(ticket.id);
                if wanted.admits(&ticket) && view::may_read(caller, &ticket).is_ok() {
                    found.push(ticket);
                    if found.len() == page {
                        return Ok((found, before));
                    }
                }
            }
            if !full {
                return Ok((found, None));
            }
            if looked >= LOOKED_AT {
                return Ok((found, before));
            }
        }
    }

    /// The next tickets, newest first, by the narrowest index that answers.
    async fn step(&self, wanted: &Wanted, before: Option<TicketId>) -> Result<Vec<Ticket>, Status> {
        let store = &self.app.store;
        let read = async {
            match (&wanted.unit, wanted.only_open()) {
                (Some(unit), true) => {
                    let ids = tables::open_of_unit(store.pool(), unit, before, i64::from(STEP)).await?;
                    let mut tickets = store.load(&ids).await?;
                    Ok(ids.iter().filter_map(|id| tickets.remove(id)).collect())
                }
                (None, true) => {
                    let filter = Filter {
                        states: wanted.states.clone(),
                        unit: None,
                        area: wanted.area.clone(),
                        urgency: wanted.urgencies.iter().copied().min(),
                        from: wanted.from,
                        until: wanted.until,
                    };
                    store.list_open(&filter, before, STEP).await
                }
                (_, false) => store.list_all(before, STEP).await,
            }
        };
        read.await.map_err(|e| status(&e))
    }
}

/// The smallest id of this millisecond: ids begin with their time.
fn first_id(at: At) -> TicketId {
    let millis = u128::try_from(at.millis().max(0)).unwrap_or_default();
    TicketId::new(Uuid::from_u128(millis << 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_an_instant_is_not_before_its_bound() {
        let at = At::from_micros(1_800_000_000_123_456);
        let ids = suban_runtime::Ids::seeded(suban_runtime::Clock::manual(at), 1);
        assert!(ids.ticket(at) >= first_id(at));
        assert!(ids.ticket(at) < first_id(at.plus(suban_domain::Span::micros(1000))));
    }

    #[test]
    fn every_wrong_filter_is_told() {
        let ask = v1::ListRequest {
            states: vec![0],
            unit: "no unit".into(),
            area: "?".into(),
            kinds: vec![99],
            ..Default::default()
        };
        let problem = suban_runtime::errors::Problem::from(Wanted::read(&ask).unwrap_err());
        let fields: Vec<&str> = problem.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["states", "unit", "area", "kinds"]);
    }
}
