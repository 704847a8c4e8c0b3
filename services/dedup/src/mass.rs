//! Mass events at work: what arrives and belongs to one, and what was there before it was declared (D§9.7).

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    time::Duration,
};

use suban_domain::{DuplicateClass, Refusal, Ticket, TicketId, VersionCode};
use suban_service::App;
use suban_store::StoreError;
use uuid::Uuid;

use crate::{
    consumer::{Apart, heads, join},
    decide::{
        alike::Found,
        leads_alike,
        mass::{MassEvent, MassKind, one_site, stays_its_own},
    },
    memory::Alike,
    tables::mass,
};

/// Tickets of before a declaration that are looked at in one go.
const PAGE: u32 = 100;
/// Between two looks for an event that was declared.
const LOOK: Duration = Duration::from_secs(1);

/// What running events took in of a batch.
#[derive(Debug, Default)]
pub(crate) struct TakenIn {
    /// Those that follow an event's ticket now.
    pub(crate) joined: HashSet<TicketId>,
    /// Those that are handled by site, with their event.
    pub(crate) by_site: HashMap<TicketId, Uuid>,
}

/// Takes in what belongs to events that run: it joins the group that is answered together, or is noted as one of many.
/// `followers` were put behind others before they were judged themselves: their calls count, and nothing else.
pub(crate) async fn take_in(app: &App, waiting: &[&Ticket], followers: &[&Ticket]) -> Result<TakenIn, StoreError> {
    let mut running = mass::running(app.store.pool(), app.clock().now()).await?;
    if running.is_empty() {
        return Ok(TakenIn::default());
    }
    let mut waiting = waiting.to_vec();
    waiting.sort_unstable_by_key(|ticket| (ticket.received_at, ticket.id));
    let in_force = app.catalogues.now();
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let event_of = |ticket: &Ticket| Some(running.iter().find(|event| event.takes_in(ticket, catalogue))?.id);
    let links: Vec<_> = followers.iter().filter_map(|ticket| Some((event_of(ticket)?, *ticket))).collect();
    mass::link(app.store.pool(), &links, app.clock().now()).await?;
    belong(app, &mut running, &waiting).await
}

async fn belong(app: &App, running: &mut [MassEvent], tickets: &[&Ticket]) -> Result<TakenIn, StoreError> {
    let in_force = app.catalogues.now();
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let (mut taken, mut links) = (TakenIn::default(), Vec::new());
    for ticket in tickets {
        let Some(event) = running.iter_mut().find(|event| event.takes_in(ticket, catalogue)) else { continue };
        links.push((event.id, *ticket));
        match event.kind {
            MassKind::OneCause => {
                if follow(app, event, ticket).await? {
                    taken.joined.insert(ticket.id);
                }
            }
            MassKind::ManySites => {
                taken.by_site.insert(ticket.id, event.id);
            }
        }
    }
    mass::link(app.store.pool(), &links, app.clock().now()).await?;
    Ok(taken)
}

/// Joins the group of an event's one cause; where nobody can lead it any more, the ticket does from now on.
async fn follow(app: &App, event: &mut MassEvent, ticket: &Ticket) -> Result<bool, StoreError> {
    // Another instance may have found a leader meanwhile; then that one is followed.
    for _ in 0..3 {
        if let Some(master) = event.master
            && let Some(head) = heads(app, &[master]).await?.remove(&master)
        {
            // Whom a reviewer took out again stays out.
            if head.id == ticket.id || !app.store.kept_apart(&[(ticket.id, head.id)]).await?.is_empty() {
                return Ok(false);
            }
            if join_event(app, event.id, ticket, &head).await? {
                return Ok(true);
            }
            if head.state.is_open() {
                // It cannot take members now, for it is being answered: this one goes its own way (M9).
                return Ok(false);
            }
        }
        if mass::lead(app.store.pool(), event.id, event.master, ticket.id).await? {
            event.master = Some(ticket.id);
            return Ok(false);
        }
        event.master = mass::one(app.store.pool(), event.id).await?.and_then(|event| event.master);
    }
    Ok(false)
}

/// Joins tickets with earlier ones of the same event about the same site, where there are any; answers who joined.
pub(crate) async fn join_sites(
    app: &App,
    tickets: &[Ticket],
    by_site: &HashMap<TicketId, Uuid>,
    found: &HashMap<TicketId, Vec<Alike>>,
    (heads, apart): (&HashMap<TicketId, Ticket>, &Apart),
) -> Result<HashSet<TicketId>, StoreError> {
    let of_events: Vec<(&Ticket, Uuid, &Vec<Alike>)> =
        tickets.iter().filter_map(|t| Some((t, *by_site.get(&t.id)?, found.get(&t.id)?))).collect();
    let asked = of_events.iter().flat_map(|(_, event, found)| found.iter().map(|alike| (*event, alike.ticket)));
    let linked = mass::linked(app.store.pool(), &asked.collect::<Vec<_>>()).await?;
    let in_force = app.catalogues.now();
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let mut joined = HashSet::new();
    for (ticket, event, found) in of_events {
        let mut sites: Vec<&Ticket> = found
            .iter()
            .filter(|alike| linked.contains(&(event, alike.ticket)))
            .filter_map(|alike| {
                let head = heads.get(&alike.ticket)?;
                let found = Found { alike, head, kept_apart: apart.contains(&(ticket.id, head.id)) };
                let same_lead = catalogue.and_then(|catalogue| leads_alike(ticket, head, catalogue)) != Some(false);
                (head.id != ticket.id && head.state.is_open() && same_lead && one_site(ticket, &found, catalogue))
                    .then_some(head)
            })
            .collect();
        sites.sort_unstable_by_key(|head| (head.received_at, head.id));
        for head in sites {
            if join_event(app, event, ticket, head).await? {
                joined.insert(ticket.id);
                break;
            }
        }
    }
    Ok(joined)
}

/// Puts two tickets of an event together; false where the rules, looked at again under the locks, forbid it.
async fn join_event(app: &App, event: Uuid, ticket: &Ticket, head: &Ticket) -> Result<bool, StoreError> {
    let basis = VersionCode::new(format!("mass-event:{event}"))
        .map_err(|e| StoreError::Damaged { what: "basis", problem: e.to_string() })?;
    let in_force = app.catalogues.now();
    let own = |t: &Ticket| stays_its_own(t, in_force.as_ref().map(|f| &f.catalogue));
    join(app, ticket, head.id, DuplicateClass::D3, basis, |member, master| {
        if own(member) || own(master) {
            return Err(Refusal::MergeForbidden { guard: "D§9.7: danger to life or one person's right" });
        }
        Ok(())
    })
    .await
}

/// Looks at what was open before an event was declared, a page at a time, until the process stops. Any number of
/// instances may: what one has taken in, the other finds there.
pub(crate) async fn look_back(app: App) -> Result<(), Infallible> {
    let stop = app.tasks.stop();
    loop {
        let pause = match look(&app).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "what a mass event concerns could not be looked at; it is tried again");
                LOOK
            }
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Looks at one page; false: there is nothing to look at.
async fn look(app: &App) -> Result<bool, StoreError> {
    let pool = app.store.pool();
    let Some((back, ids)) = mass::look_back(pool, PAGE).await? else { return Ok(false) };
    let tickets = app.store.load(&ids).await?;
    let mut waiting: Vec<&Ticket> = tickets.values().filter(|ticket| ticket.master().is_none()).collect();
    waiting.sort_unstable_by_key(|ticket| (ticket.received_at, ticket.id));
    belong(app, &mut [back.event.clone()], &waiting).await?;
    let further = ids.last().copied().filter(|_| ids.len() == PAGE as usize);
    mass::looked(pool, &back, further).await?;
    Ok(true)
}
