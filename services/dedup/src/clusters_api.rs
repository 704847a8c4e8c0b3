//! The gRPC face of clusters: like cases that stay apart, for who looks for what many of them have in common.

use suban_domain::{At, Role, TicketId};
use suban_proto::v1;
use suban_runtime::{
    access::{Caller, only, policy::Reading},
    errors,
};
use suban_service::{
    paging::{Mark, page_size},
    status, view,
};
use tonic::Status;
use uuid::Uuid;

use crate::{
    api::{Api, group_ticket},
    tables::clusters,
};

/// Who may see clusters.
const READERS: &[Role] = &[Role::Agent, Role::Dispatcher, Role::MergeReviewer, Role::Supervisor, Role::Analyst];

impl Api {
    /// A page of clusters.
    pub(crate) async fn clusters(
        &self,
        caller: &Caller,
        ask: &v1::ListClustersRequest,
    ) -> Result<v1::ListClustersReply, Status> {
        only(caller, READERS, "are shown clusters")?;
        let page = page_size(ask.page_size)?;
        let mark =
            Mark::of(caller, &v1::ListClustersRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let after = mark.open::<24>(&ask.page_token)?.map(opened);
        let pool = self.app.store.pool();
        let found = clusters::list(pool, ask.least.max(2), after, page).await.map_err(|e| status(&e))?;
        let full = u32::try_from(found.len()).unwrap_or(u32::MAX) == page;
        let next = found.last().filter(|_| full).map(|last| mark.seal(&sealed(last.last_at, last.first)));
        let ids: Vec<TicketId> = found.iter().map(|cluster| cluster.first).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let told = self.app.store.told(&ids).await.map_err(|e| status(&e))?;
        let shown = found.iter().filter_map(|cluster| {
            let first = tickets.get(&cluster.first)?;
            let full = view::reading(caller, first).ok()? == Reading::Full;
            let text = told.get(&cluster.first).filter(|_| full).map(|told| told.words.clone());
            Some(v1::Cluster {
                first: first.number.to_string(),
                matter: first.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
                area: first.area.as_ref().map(ToString::to_string).unwrap_or_default(),
                text: text.unwrap_or_default(),
                tickets: cluster.tickets,
                last_at: Some(view::timestamp(cluster.last_at)),
            })
        });
        Ok(v1::ListClustersReply { clusters: shown.collect(), next_page_token: next.unwrap_or_default() })
    }

    /// A page of the tickets of a cluster.
    pub(crate) async fn cluster(
        &self,
        caller: &Caller,
        ask: &v1::GetClusterRequest,
    ) -> Result<v1::GetClusterReply, Status> {
        only(caller, READERS, "are shown clusters")?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let pool = self.app.store.pool();
        let cluster = clusters::of(pool, ticket.id).await.map_err(|e| status(&e))?;
        let cluster = cluster.ok_or_else(|| errors::not_found("cluster of ticket", &ticket.number))?;
        let page = page_size(ask.page_size)?;
        let mark = Mark::of(caller, &v1::GetClusterRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let after = mark.open(&ask.page_token)?.map(|key| TicketId::new(Uuid::from_bytes(key)));
        let ids = clusters::tickets(pool, cluster, after, page).await.map_err(|e| status(&e))?;
        let full = u32::try_from(ids.len()).unwrap_or(u32::MAX) == page;
        let next = ids.last().filter(|_| full).map(|last| mark.seal(last.uuid().as_bytes())).unwrap_or_default();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let shown = ids.iter().filter_map(|id| {
            let ticket = tickets.get(id)?;
            view::may_read(caller, ticket).ok().map(|_| group_ticket(ticket))
        });
        Ok(v1::GetClusterReply { tickets: shown.collect(), next_page_token: next })
    }
}

fn sealed(at: At, id: TicketId) -> [u8; 24] {
    let mut key = [0; 24];
    let (time, ticket) = key.split_at_mut(8);
    time.copy_from_slice(&at.micros().to_be_bytes());
    ticket.copy_from_slice(id.uuid().as_bytes());
    key
}

fn opened(key: [u8; 24]) -> (At, TicketId) {
    let (mut time, mut ticket) = ([0; 8], [0; 16]);
    time.copy_from_slice(&key[..8]);
    ticket.copy_from_slice(&key[8..]);
    (At::from_micros(i64::from_be_bytes(time)), TicketId::new(Uuid::from_bytes(ticket)))
}
