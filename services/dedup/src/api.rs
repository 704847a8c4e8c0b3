//! The gRPC face: people put tickets together, take them apart, and look at groups.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use suban_domain::{AreaCode, DuplicateClass, Fact, MatterCode, Role, Ticket, TicketId, VersionCode};
use suban_likeness::{Feature, Request as Likened};
use suban_proto::{
    edge,
    v1::{self, dedup_service_server::DedupService},
};
use suban_runtime::{
    access::{Caller, caller},
    errors,
};
use suban_service::{
    App, Asked,
    paging::{Mark, page_size},
    request_id, status, view,
};
use suban_store::{Join, Told};
use tonic::{Request, Response, Status};

use crate::{
    decide,
    memory::{Alike, Memory},
    suggestions::{candidate, reasoned, shown, tongue},
    tables,
};

/// Characters of a draft that are looked at.
const MOST: usize = 20_000;
/// Candidates that an agent is shown.
const SHOWN: usize = 5;

/// Answers as a stream.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

/// Answers DedupService.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) memory: Memory,
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
        self.confirmed(&caller, [group.member.id, group.master.id]).await?;
        self.note_reason(&caller, &group.member, &ask.request_id, &ask.reason).await?;
        Ok(Response::new(group_reply(&group.master, group.repeated)))
    }

    async fn unmerge(&self, request: Request<v1::UnmergeRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let id = request_id(&ask.request_id)?;
        let log = self.app.store.log(ticket.id, 0).await.map_err(|e| status(&e))?;
        if log.iter().any(|e| e.request == id) {
            return Ok(Response::new(command_reply(&ticket, true)));
        }
        let left = self
            .app
            .store
            .leave(ticket.id, true, &caller.actor, self.app.clock().now(), &id, &self.app.limits)
            .await
            .map_err(|e| status(&e))?;
        let merged = log.iter().rfind(|e| matches!(e.event.fact, Fact::MergedInto { .. }));
        let merged_by = if merged.is_some_and(|e| e.by.role == Role::System) { "machine" } else { "person" };
        metrics::counter!("suban_unmerges_total", "merged_by" => merged_by).increment(1);
        if let Some(master) = ticket.master() {
            let (pool, by, now) = (self.app.store.pool(), &caller.actor.person, self.app.clock().now());
            tables::take_back(pool, ticket.id, master, by, now).await.map_err(|e| status(&e))?;
        }
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
        if self.app.store.event_of(ticket.id, &id).await.map_err(|e| status(&e))?.is_some() {
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
        let since = self.app.store.memberships(&ids).await.map_err(|e| status(&e))?;
        let member = |ticket: &Ticket| v1::GroupTicket {
            class: since.get(&ticket.id).map_or(0, |of| of.class.number()),
            basis: since.get(&ticket.id).map_or_else(String::new, |of| of.basis().to_owned()),
            joined_at: since.get(&ticket.id).map(|of| view::timestamp(of.joined_at)),
            ..group_ticket(ticket)
        };
        Ok(Response::new(v1::Group {
            size: master.members() + 1,
            members: members.iter().map(member).collect(),
            master: Some(group_ticket(&master)),
            next_page_token: next,
        }))
    }

    async fn judge(&self, request: Request<v1::JudgeRequest>) -> Result<Response<v1::JudgeReply>, Status> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let area = edge::given::<AreaCode>(&ask.area).map_err(|e| errors::invalid("area", e))?;
        let matter = edge::given::<MatterCode>(&ask.matter).map_err(|e| errors::invalid("matter", e))?;
        let candidates = self.of_draft(&caller, &ask, area.as_ref(), matter.as_ref()).await?;
        let events = self.events_of_draft(&caller, area.as_ref(), matter.as_ref()).await?;
        let basis = self.memory.judging().basis.to_string();
        Ok(Response::new(v1::JudgeReply { candidates, basis, events }))
    }

    async fn list_suggestions(
        &self,
        request: Request<v1::ListSuggestionsRequest>,
    ) -> Result<Response<v1::ListSuggestionsReply>, Status> {
        let caller = who(&request)?;
        self.suggestions(&caller, request.get_ref()).await.map(Response::new)
    }

    type WatchSuggestionsStream = Answers<v1::WatchSuggestionsReply>;

    async fn watch_suggestions(
        &self,
        request: Request<v1::WatchSuggestionsRequest>,
    ) -> Result<Response<Self::WatchSuggestionsStream>, Status> {
        let caller = who(&request)?;
        Ok(Response::new(Box::pin(self.watch(caller, request.get_ref())?)))
    }

    async fn reject_suggestion(
        &self,
        request: Request<v1::RejectSuggestionRequest>,
    ) -> Result<Response<v1::RejectSuggestionReply>, Status> {
        let caller = who(&request)?;
        self.rejected(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn declare_mass_event(
        &self,
        request: Request<v1::DeclareMassEventRequest>,
    ) -> Result<Response<v1::MassEvent>, Status> {
        let caller = who(&request)?;
        self.declared(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn amend_mass_event(
        &self,
        request: Request<v1::AmendMassEventRequest>,
    ) -> Result<Response<v1::MassEvent>, Status> {
        let caller = who(&request)?;
        self.amended(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn end_mass_event(
        &self,
        request: Request<v1::EndMassEventRequest>,
    ) -> Result<Response<v1::MassEvent>, Status> {
        let caller = who(&request)?;
        self.ended(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_mass_events(
        &self,
        request: Request<v1::ListMassEventsRequest>,
    ) -> Result<Response<v1::ListMassEventsReply>, Status> {
        let caller = who(&request)?;
        self.events(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_sites(&self, request: Request<v1::ListSitesRequest>) -> Result<Response<v1::ListSitesReply>, Status> {
        let caller = who(&request)?;
        self.sites(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_clusters(
        &self,
        request: Request<v1::ListClustersRequest>,
    ) -> Result<Response<v1::ListClustersReply>, Status> {
        let caller = who(&request)?;
        self.clusters(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn get_cluster(
        &self,
        request: Request<v1::GetClusterRequest>,
    ) -> Result<Response<v1::GetClusterReply>, Status> {
        let caller = who(&request)?;
        self.cluster(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn name_evidence(&self, request: Request<v1::NameEvidenceRequest>) -> Result<Response<v1::Evidence>, Status> {
        let caller = who(&request)?;
        self.evidence_named(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_evidence(
        &self,
        request: Request<v1::ListEvidenceRequest>,
    ) -> Result<Response<v1::ListEvidenceReply>, Status> {
        let caller = who(&request)?;
        self.evidence(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn explain_pair(
        &self,
        request: Request<v1::ExplainPairRequest>,
    ) -> Result<Response<v1::PairExplanation>, Status> {
        let caller = who(&request)?;
        self.explanation(&caller, request.get_ref()).await.map(Response::new)
    }
}

impl Api {
    /// What a draft could be the same as: what was said in the same words, then what is alike.
    async fn of_draft(
        &self,
        caller: &Caller,
        ask: &v1::JudgeRequest,
        area: Option<&AreaCode>,
        matter: Option<&MatterCode>,
    ) -> Result<Vec<v1::Candidate>, Status> {
        if ask.text.chars().count() > MOST {
            return Err(errors::invalid("text", format!("has more than {MOST} characters")));
        }
        let Some(words) = suban_text::words_hash(&suban_text::normalise(&ask.text)) else { return Ok(Vec::new()) };
        let phone = suban_text::phone::normalise(&ask.phone)
            .map(|phone| suban_store::phone_hash(self.app.store.keys(), &phone));
        let said = self.app.store.same_words(words).await.map_err(|e| status(&e))?;
        let (in_force, now) = (self.app.catalogues.now(), self.app.clock().now());
        let catalogue = in_force.as_ref().map(|f| &f.catalogue);
        let told = Told { words: ask.text.clone(), phone, ..Told::default() };
        let known = Likened {
            reported_at: now.micros().div_euclid(1_000_000),
            area: area.map_or("", AreaCode::as_str),
            category: matter.map_or("", MatterCode::as_str),
            ..Likened::default()
        };
        let asked = self.memory.reader().told(&known, &told, catalogue);
        let alike = self.memory.ask(asked, now).await.map_err(|e| status(&e))?;
        let ids: Vec<TicketId> = said.iter().map(|s| s.ticket).chain(alike.iter().map(|a| a.ticket)).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let texts = self.app.store.told(&ids).await.map_err(|e| status(&e))?;
        let judging = self.memory.judging();
        let model = judging.learned.model(tongue(&told));
        let mut candidates: Vec<v1::Candidate> = Vec::new();
        let mut take = |id: TicketId, same_person: bool, alike: Option<&Alike>| {
            let Some(ticket) = tickets.get(&id) else { return };
            let elsewhere = area.is_some() && ticket.area.is_some() && area != ticket.area.as_ref() && !same_person;
            let shown_already = candidates.iter().any(|c| c.ticket_id == id.to_string());
            let Ok(reading) = view::reading(caller, ticket) else { return };
            if shown_already || elsewhere || !ticket.state.is_open() || candidates.len() >= SHOWN {
                return;
            }
            let class = if same_person { DuplicateClass::D1 } else { DuplicateClass::D3 };
            let mut one = candidate(ticket, class, alike.map_or(1.0, |a| f64::from(a.probability)));
            shown(&mut one, reading, texts.get(&id));
            match alike {
                Some(alike) => reasoned(&mut one, &suban_likeness::explain::reasons(model, &alike.features)),
                None => same_words(&mut one, class),
            }
            let blocked = decide::may_join(ticket, ticket, class, catalogue);
            one.blocked_by = blocked.err().map(|r| r.to_string()).unwrap_or_default();
            candidates.push(one);
        };
        let many = phone.as_ref().is_some_and(|phone| self.memory.is_switchboard(phone));
        for s in &said {
            take(s.ticket, phone.is_some() && phone == s.phone && !many, None);
        }
        for alike in &alike {
            take(alike.ticket, alike.features.get(Feature::Requester) > 0.0, Some(alike));
        }
        Ok(candidates)
    }

    /// Why a person merged or unmerged stands as an internal note on the ticket.
    pub(crate) async fn note_reason(
        &self,
        caller: &Caller,
        on: &Ticket,
        request: &str,
        reason: &str,
    ) -> Result<(), Status> {
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
        // The merge stands; a note that the rules refuse does not undo it.
        if let Err(refused) = self.app.note(on, note).await {
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

pub(crate) fn command_reply(ticket: &Ticket, repeated: bool) -> v1::CommandReply {
    v1::CommandReply {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        version: ticket.version,
        state: ticket.state.number(),
        repeated,
    }
}

/// A ticket of a group or cluster, without how it came there.
pub(crate) fn group_ticket(ticket: &Ticket) -> v1::GroupTicket {
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

fn same_words(candidate: &mut v1::Candidate, class: DuplicateClass) {
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
    candidate.reason_zh = zh.into();
    candidate.reason_en = en.into();
}
