//! The gRPC face: people put tickets together, take them apart, and look at groups.

use std::sync::Arc;

use suban_domain::{DuplicateClass, Ticket, TicketId, VersionCode};
use suban_proto::v1::{self, dedup_service_server::DedupService};
use suban_runtime::{
    access::{Caller, caller},
    errors,
};
use suban_service::{
    App, Asked,
    paging::{Mark, page_size},
    request_id, status, view,
};
use suban_store::Join;
use tonic::{Request, Response, Status};

use crate::decide::{self, BASIS};

/// Answers DedupService.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
}

#[tonic::async_trait]
impl DedupService for Api {
    async fn merge(&self, request: Request<v1::MergeRequest>) -> Result<Response<v1::GroupReply>, Status> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let class = DuplicateClass::from_number(ask.class)
            .ok_or_else(|| errors::invalid("class", "must be said: D1 for the same person, D3 for others"))?;
        let (member, master) =
            (self.app.ticket("member", &ask.member).await?, self.app.ticket("master", &ask.master).await?);
        view::may_read(&caller, &member)?;
        view::may_read(&caller, &master)?;
        let join = Join {
            a: member.id,
            b: master.id,
            class,
            basis: VersionCode::new("by-hand").map_err(|e| errors::internal(&e))?,
            by: caller.actor.clone(),
            at: self.app.clock().now(),
            request: request_id(&ask.request_id)?,
        };
        // A person may put together what a machine may not; what nobody may stands in the ticket core.
        let group = self.app.store.join(&join, &self.app.limits, |_, _| Ok(())).await.map_err(|e| status(&e))?;
        self.note_reason(&caller, &group.member, &ask.request_id, &ask.reason).await?;
        Ok(Response::new(group_reply(&group.master, group.repeated)))
    }

    async fn unmerge(&self, request: Request<v1::UnmergeRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let id = request_id(&ask.request_id)?;
        if self.app.store.log(ticket.id, 0).await.map_err(|e| status(&e))?.iter().any(|e| e.request == id) {
            return Ok(Response::new(command_reply(&ticket, true)));
        }
        let left = self
            .app
            .store
            .leave(ticket.id, true, &caller.actor, self.app.clock().now(), &id, &self.app.limits)
            .await
            .map_err(|e| status(&e))?;
        self.note_reason(&caller, &left.member, &ask.request_id, &ask.reason).await?;
        Ok(Response::new(command_reply(&left.member, false)))
    }

    async fn change_master(
        &self,
        request: Request<v1::ChangeMasterRequest>,
    ) -> Result<Response<v1::GroupReply>, Status> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let id = request_id(&ask.request_id)?;
        if self.app.store.log(ticket.id, 0).await.map_err(|e| status(&e))?.iter().any(|e| e.request == id) {
            return Ok(Response::new(group_reply(&ticket, true)));
        }
        let group = self
            .app
            .store
            .change_master(ticket.id, false, &caller.actor, self.app.clock().now(), &id, &self.app.limits)
            .await
            .map_err(|e| status(&e))?;
        self.note_reason(&caller, &group.master, &ask.request_id, &ask.reason).await?;
        Ok(Response::new(group_reply(&group.master, false)))
    }

    async fn get_group(&self, request: Request<v1::GetGroupRequest>) -> Result<Response<v1::Group>, Status> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        view::may_read(&caller, &ticket)?;
        let master = match ticket.master() {
            Some(id) => self.app.store.load_one(id).await.map_err(|e| status(&e))?,
            None => ticket,
        };
        let page = page_size(ask.page_size)?;
        let mark = Mark::of(&caller, &v1::GetGroupRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let after = mark.open(&ask.page_token)?.map(|key| TicketId::new(uuid::Uuid::from_bytes(key)));
        let ids = self.app.store.members(master.id, after, page).await.map_err(|e| status(&e))?;
        let next = if u32::try_from(ids.len()).unwrap_or(u32::MAX) == page {
            ids.last().map(|id| mark.seal(id.uuid().as_bytes())).unwrap_or_default()
        } else {
            String::new()
        };
        let mut members: Vec<Ticket> = self.app.store.load(&ids).await.map_err(|e| status(&e))?.into_values().collect();
        members.sort_by_key(|t| t.id);
        Ok(Response::new(v1::Group {
            size: master.members() + 1,
            members: members.iter().map(group_ticket).collect(),
            master: Some(group_ticket(&master)),
            next_page_token: next,
        }))
    }

    async fn judge(&self, request: Request<v1::JudgeRequest>) -> Result<Response<v1::JudgeReply>, Status> {
        who(&request)?;
        let ask = request.into_inner();
        let Some(words) = suban_text::words_hash(&suban_text::normalise(&ask.text)) else {
            return Ok(Response::new(v1::JudgeReply { candidates: Vec::new(), basis: BASIS.into() }));
        };
        let phone = suban_text::phone::normalise(&ask.phone)
            .map(|phone| suban_store::phone_hash(self.app.store.keys(), &phone));
        let said = self.app.store.same_words(words).await.map_err(|e| status(&e))?;
        let ids: Vec<TicketId> = said.iter().map(|s| s.ticket).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let in_force = self.app.catalogues.now();
        let candidates = said
            .iter()
            .filter_map(|s| tickets.get(&s.ticket).map(|t| (s, t)))
            .filter(|(_, t)| t.state.is_open())
            .map(|(s, ticket)| {
                let person = phone.is_some() && phone == s.phone;
                let class = if person { DuplicateClass::D1 } else { DuplicateClass::D3 };
                let blocked = decide::may_join(ticket, ticket, class, in_force.as_ref().map(|f| &f.catalogue));
                candidate(ticket, class, blocked.err().map(|r| r.to_string()).unwrap_or_default())
            })
            .take(5)
            .collect();
        Ok(Response::new(v1::JudgeReply { candidates, basis: BASIS.into() }))
    }
}

impl Api {
    /// Why a person merged or unmerged stands as an internal note on the ticket.
    async fn note_reason(&self, caller: &Caller, on: &Ticket, request: &str, reason: &str) -> Result<(), Status> {
        if reason.trim().is_empty() {
            return Ok(());
        }
        let note = Asked {
            caller,
            request_id: &format!("{request}:why"),
            ticket: on.number.as_str(),
            said: vec![suban_service::Said {
                field: "reason",
                kind: suban_store::texts::TextKind::Reason,
                raw: reason,
            }],
        };
        let noted = self
            .app
            .act_on(on, note, |_, ids| suban_domain::Action::Note {
                text: ids.first().copied().unwrap_or_else(|| suban_domain::TextId::new(uuid::Uuid::nil())),
                audience: suban_domain::Audience::Internal,
            })
            .await;
        // The merge stands; a note that the rules refuse does not undo it.
        if let Err(refused) = noted {
            tracing::warn!(code = ?refused.code(), "the reason could not be kept as a note");
        }
        Ok(())
    }
}

fn who<T>(request: &Request<T>) -> Result<Arc<Caller>, Status> {
    caller(request).map(|c| Arc::new(c.clone()))
}

fn group_reply(master: &Ticket, repeated: bool) -> v1::GroupReply {
    v1::GroupReply {
        master: master.number.to_string(),
        master_id: master.id.to_string(),
        members: master.members(),
        repeated,
    }
}

fn command_reply(ticket: &Ticket, repeated: bool) -> v1::CommandReply {
    v1::CommandReply {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        version: ticket.version,
        state: ticket.state.number(),
        repeated,
    }
}

fn group_ticket(ticket: &Ticket) -> v1::GroupTicket {
    v1::GroupTicket {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        state: ticket.state.number(),
        received_at: Some(view::timestamp(ticket.received_at)),
        class: 0,
        basis: String::new(),
        joined_at: None,
    }
}

fn candidate(ticket: &Ticket, class: DuplicateClass, blocked_by: String) -> v1::Candidate {
    let (zh, en) = match class {
        DuplicateClass::D1 => ("同一来电人,内容相同", "the same person said the same words"),
        DuplicateClass::D0
        | DuplicateClass::D2
        | DuplicateClass::D3
        | DuplicateClass::D4
        | DuplicateClass::D5
        | DuplicateClass::D6
        | DuplicateClass::D7
        | DuplicateClass::D8 => ("他人已反映,内容相同", "somebody else said the same words"),
    };
    v1::Candidate {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        class: class.number(),
        score: 1.0,
        reason_zh: zh.into(),
        reason_en: en.into(),
        blocked_by,
        state: ticket.state.number(),
        received_at: Some(view::timestamp(ticket.received_at)),
    }
}
