//! The gRPC face: the catalogue, the people's queue, and everything a unit does with its task.

use std::sync::Arc;

use suban_domain::{
    Action, ContactOutcome, Demand, DuplicateClass, ExtensionReason, FileId, Finding, Mode, Order, Outcome, PersonCode,
    ReplyMeans, ResultRecord, ReturnReason, SiteVisit, SuspendReason, TextId, Ticket, Tier, UnitCode, UpstreamDecision,
    VersionCode,
};
use suban_proto::{
    edge,
    v1::{self, dispatch_service_server::DispatchService},
};
use suban_runtime::{
    access::{Caller, caller},
    errors::{self, FieldErrors},
};
use suban_service::{App, Asked, Said, request_id, status, view};
use suban_store::{Join, texts::TextKind};
use tonic::{Request, Response, Status};

use crate::{Experiences, decide, extensions};

/// Answers DispatchService.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) learned: Experiences,
}

type Answer<T> = Result<Response<T>, Status>;
pub(crate) type Done = Answer<v1::CommandReply>;

#[tonic::async_trait]
impl DispatchService for Api {
    async fn open_handover(&self, request: Request<v1::OpenHandoverRequest>) -> Answer<v1::Handover> {
        let caller = who(&request)?;
        self.handover_opened(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn promise_in_handover(&self, request: Request<v1::PromiseInHandoverRequest>) -> Answer<v1::Handover> {
        let caller = who(&request)?;
        self.handover_promised(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn give_in_handover(&self, request: Request<v1::GiveInHandoverRequest>) -> Answer<v1::Handover> {
        let caller = who(&request)?;
        self.handover_given(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn sign_handover(&self, request: Request<v1::SignHandoverRequest>) -> Answer<v1::Handover> {
        let caller = who(&request)?;
        self.handover_signed(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn send_back_handover(&self, request: Request<v1::SendBackHandoverRequest>) -> Answer<v1::Handover> {
        let caller = who(&request)?;
        self.handover_sent_back(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_handovers(&self, request: Request<v1::ListHandoversRequest>) -> Answer<v1::ListHandoversReply> {
        let caller = who(&request)?;
        self.handovers(&caller).await.map(Response::new)
    }

    async fn publish_catalogue(
        &self,
        request: Request<v1::PublishCatalogueRequest>,
    ) -> Answer<v1::PublishCatalogueReply> {
        let caller = who(&request)?;
        self.publish(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn list_catalogues(&self, request: Request<v1::ListCataloguesRequest>) -> Answer<v1::ListCataloguesReply> {
        who(&request)?;
        self.published().await.map(Response::new)
    }

    async fn list_units(&self, request: Request<v1::ListUnitsRequest>) -> Answer<v1::ListUnitsReply> {
        let caller = who(&request)?;
        self.units(&caller, request.get_ref()).map(Response::new)
    }

    async fn list_matters(&self, request: Request<v1::ListMattersRequest>) -> Answer<v1::ListMattersReply> {
        let caller = who(&request)?;
        self.matters(&caller, request.get_ref()).map(Response::new)
    }

    async fn diff_catalogue(&self, request: Request<v1::DiffCatalogueRequest>) -> Answer<v1::DiffCatalogueReply> {
        let caller = who(&request)?;
        self.compare(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn roll_back_catalogue(
        &self,
        request: Request<v1::RollBackCatalogueRequest>,
    ) -> Answer<v1::RollBackCatalogueReply> {
        let caller = who(&request)?;
        self.roll_back(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn explain(&self, request: Request<v1::ExplainRequest>) -> Answer<v1::Explanation> {
        let caller = who(&request)?;
        self.why(&caller, &request.into_inner()).await.map(Response::new)
    }

    async fn get_file(&self, request: Request<v1::GetFileRequest>) -> Answer<v1::GetFileReply> {
        let caller = who(&request)?;
        self.file(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn explain_draft(&self, request: Request<v1::ExplainDraftRequest>) -> Answer<v1::Explanation> {
        let caller = who(&request)?;
        self.why_draft(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn check_reply(&self, request: Request<v1::CheckReplyRequest>) -> Answer<v1::CheckReplyReply> {
        let caller = who(&request)?;
        self.checked(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_queue(&self, request: Request<v1::ListQueueRequest>) -> Answer<v1::ListQueueReply> {
        let caller = who(&request)?;
        self.queue(&caller, &request.into_inner()).await.map(Response::new)
    }

    async fn claim(&self, request: Request<v1::ClaimRequest>) -> Answer<v1::ClaimReply> {
        let caller = who(&request)?;
        self.take(&caller, &request.into_inner()).await.map(Response::new)
    }

    async fn claim_next(&self, request: Request<v1::ClaimNextRequest>) -> Answer<v1::ClaimReply> {
        let caller = who(&request)?;
        self.take_next(&caller, &request.into_inner()).await.map(Response::new)
    }

    async fn release_claim(&self, request: Request<v1::ReleaseClaimRequest>) -> Answer<v1::ReleaseClaimReply> {
        let caller = who(&request)?;
        self.give_back(&caller, &request.into_inner()).await.map(Response::new)
    }

    async fn dispatch(&self, request: Request<v1::DispatchRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let lead = UnitCode::new(ask.lead.as_str()).map_err(|e| errors::invalid("lead", e))?;
        let assists = units("assists", &ask.assists)?;
        let mode =
            edge::choice_given::<Mode>(ask.mode).map_err(|e| errors::invalid("mode", e))?.unwrap_or(Mode::General);
        let rule = edge::given::<VersionCode>(&ask.rule).map_err(|e| errors::invalid("rule", e))?;
        let (catalogue, version) = self.catalogue()?;
        for unit in std::iter::once(&lead).chain(&assists) {
            if catalogue.catalogue.unit(unit).is_none() {
                return Err(errors::invalid("lead", "and assists must be units of the catalogue in force"));
            }
        }
        let tier = if ask.as_suggested { Tier::Assisted } else { Tier::Manual };
        let asked = asked(&caller, &ask.request_id, &ask.ticket, Vec::new());
        self.run(asked, move |ticket, _| Action::Dispatch {
            lead_allowed: decide::may_lead(&catalogue.catalogue, ticket, &lead),
            limit: decide::own_limit(&catalogue.catalogue, ticket),
            lead: lead.clone(),
            assists: assists.clone(),
            mode,
            tier,
            catalogue: version.clone(),
            rule: rule.clone(),
        })
        .await
    }

    async fn recall(&self, request: Request<v1::RecallRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let asked = asked(&caller, &ask.request_id, &ask.ticket, vec![said("reason", TextKind::Reason, &ask.reason)]);
        self.run(asked, |_, texts| Action::Recall { reason: first(texts) }).await
    }

    async fn inbox(&self, request: Request<v1::InboxRequest>) -> Answer<v1::InboxReply> {
        let caller = who(&request)?;
        self.tasks(&caller, &request.into_inner()).await.map(Response::new)
    }

    async fn sign(&self, request: Request<v1::SignRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), |_, _| Action::Sign).await
    }

    async fn reveal(&self, request: Request<v1::RevealRequest>) -> Answer<v1::RevealReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        request_id(&ask.request_id)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        view::may_reveal(&caller, &ticket, &ask.reason)?;
        let requester =
            ticket.requester.ok_or_else(|| errors::not_found("requester", "of this ticket: it is anonymous"))?;
        let person = self
            .app
            .store
            .reveal_person(&caller.actor, requester, Some(ticket.id), &ask.reason)
            .await
            .map_err(|e| status(&e))?;
        Ok(Response::new(v1::RevealReply {
            name: person.name.clone().unwrap_or_default(),
            phone: person.phone.clone().unwrap_or_default(),
        }))
    }

    async fn contact(&self, request: Request<v1::ContactRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let outcome = edge::choice::<ContactOutcome>(ask.outcome).map_err(|e| errors::invalid("outcome", e))?;
        let note = noted("text", &ask.text);
        self.run(asked(&caller, &ask.request_id, &ask.ticket, note), move |_, _| Action::Contact { outcome }).await
    }

    async fn submit_result(&self, request: Request<v1::SubmitResultRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let mut wrong = FieldErrors::new();
        let finding = wrong.take("finding", edge::choice::<Finding>(ask.finding));
        let demand = wrong.take("demand", edge::choice::<Demand>(ask.demand));
        let outcome = wrong.take("outcome", edge::choice::<Outcome>(ask.outcome));
        let site_visit = wrong.take("site_visit", edge::choice::<SiteVisit>(ask.site_visit));
        let reply_means = wrong.take("reply_means", edge::choice::<ReplyMeans>(ask.reply_means));
        if ask.reply.trim().is_empty() {
            wrong.add("reply", "is empty; the citizen is told what was done");
        }
        let because = ask.finding_because.trim();
        if let Some(finding) = finding {
            if finding != Finding::True && because.is_empty() {
                wrong.add("finding_because", "is needed where the finding is not 属实");
            }
            // Stops the option's own word being typed as its reason (D§5.4).
            if Finding::ALL.iter().any(|f| because == f.zh() || because == f.code()) {
                wrong.add("finding_because", "repeats the option; say why");
            }
        }
        let (Some(finding), Some(demand), Some(outcome), Some(site_visit), Some(reply_means)) =
            (finding, demand, outcome, site_visit, reply_means)
        else {
            return Err(wrong.status());
        };
        wrong.check()?;
        let mut words = vec![said("reply", TextKind::Reply, &ask.reply)];
        let has_internal = !ask.internal.trim().is_empty();
        if has_internal {
            words.push(said("internal", TextKind::Internal, &ask.internal));
        }
        let has_because = !because.is_empty();
        if has_because {
            words.push(said("finding_because", TextKind::Reason, &ask.finding_because));
        }
        let public = ask.public;
        let files = self.files(&ask.ticket, &ask.files).await?;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), move |_, texts| {
            let mut rest = texts.iter().skip(1).copied();
            let internal = if has_internal { rest.next() } else { None };
            let finding_because = if has_because { rest.next() } else { None };
            Action::SubmitResult {
                result: ResultRecord {
                    finding,
                    finding_because,
                    demand,
                    outcome,
                    site_visit,
                    reply_means,
                    reply: first(texts),
                    internal,
                    public,
                    files: files.clone(),
                },
            }
        })
        .await
    }

    async fn request_return(&self, request: Request<v1::RequestReturnRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let reason = edge::choice::<ReturnReason>(ask.reason).map_err(|e| errors::invalid("reason", e))?;
        let suggested =
            edge::given::<UnitCode>(&ask.suggested_unit).map_err(|e| errors::invalid("suggested_unit", e))?;
        if let (Some(unit), Some(f)) = (&suggested, self.app.catalogues.now())
            && f.catalogue.unit(unit).is_none()
        {
            return Err(errors::invalid("suggested_unit", "is no unit of the catalogue in force"));
        }
        let words = vec![said("evidence", TextKind::Evidence, &ask.evidence)];
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), move |_, texts| Action::RequestReturn {
            reason,
            evidence: first(texts),
            suggested: suggested.clone(),
        })
        .await
    }

    async fn review_return(&self, request: Request<v1::ReviewReturnRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let approve = ask.approve;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::ReviewReturn { approve })
            .await
    }

    async fn decide_return(&self, request: Request<v1::DecideReturnRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        if ask.approve && !ask.master.is_empty() {
            return self.merge_return(&caller, &ask).await;
        }
        let (approve, ask_citizen) = (ask.approve, ask.ask_citizen);
        let note = noted("reason", &ask.reason);
        self.run(asked(&caller, &ask.request_id, &ask.ticket, note), move |_, _| {
            if approve { Action::ApproveReturn { ask_citizen } } else { Action::DenyReturn }
        })
        .await
    }

    async fn accept_result(&self, request: Request<v1::AcceptResultRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), |_, _| Action::AcceptResult).await
    }

    async fn reject_result(&self, request: Request<v1::RejectResultRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let findings = ask
            .findings
            .iter()
            .map(|f| VersionCode::new(f.as_str()).map_err(|e| errors::invalid("findings", e)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut words = Vec::new();
        if !ask.note.trim().is_empty() {
            words.push(said("note", TextKind::Remark, &ask.note));
        }
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), move |_, texts| Action::RejectResult {
            findings: findings.clone(),
            note: texts.first().copied(),
        })
        .await
    }

    async fn add_unit(&self, request: Request<v1::AddUnitRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let unit = UnitCode::new(ask.unit.as_str()).map_err(|e| errors::invalid("unit", e))?;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::AddUnit {
            unit: unit.clone(),
        })
        .await
    }

    async fn decide_part(&self, request: Request<v1::DecidePartRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let unit = UnitCode::new(ask.unit.as_str()).map_err(|e| errors::invalid("unit", e))?;
        let decision = v1::PartDecision::try_from(ask.decision).unwrap_or(v1::PartDecision::Unspecified);
        let rating = match ask.rating {
            0 => None,
            n => Some(
                u8::try_from(n)
                    .ok()
                    .filter(|n| (1..=5).contains(n))
                    .ok_or_else(|| errors::invalid("rating", "must be 1 to 5"))?,
            ),
        };
        let words = match decision {
            v1::PartDecision::Unspecified => return Err(errors::invalid("decision", "must be said")),
            v1::PartDecision::Accept => Vec::new(),
            v1::PartDecision::Reject | v1::PartDecision::Release => vec![said("reason", TextKind::Reason, &ask.reason)],
        };
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), move |_, texts| match decision {
            v1::PartDecision::Reject => Action::RejectPart { unit: unit.clone(), reason: first(texts) },
            v1::PartDecision::Release => Action::ReleaseAssist { unit: unit.clone(), reason: first(texts) },
            v1::PartDecision::Accept | v1::PartDecision::Unspecified => {
                Action::AcceptPart { unit: unit.clone(), rating }
            }
        })
        .await
    }

    async fn interim_feedback(&self, request: Request<v1::InterimFeedbackRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let words = vec![said("text", TextKind::Internal, &ask.text)];
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), |_, texts| Action::InterimFeedback {
            text: first(texts),
        })
        .await
    }

    async fn request_extension(&self, request: Request<v1::RequestExtensionRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let reason = edge::choice::<ExtensionReason>(ask.reason).map_err(|e| errors::invalid("reason", e))?;
        let by = edge::span(ask.by).map_err(|e| errors::invalid("by", e))?;
        let quota_left = match &caller.actor.unit {
            Some(unit) => extensions::quota_left(&self.app, unit).await.map_err(|e| status(&e))?,
            // Who has no unit has no task to extend.
            None => true,
        };
        let note = noted("note", &ask.note);
        self.run(asked(&caller, &ask.request_id, &ask.ticket, note), move |_, _| Action::RequestExtension {
            reason,
            by,
            quota_left,
        })
        .await
    }

    async fn review_extension(&self, request: Request<v1::ReviewExtensionRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let grant = ask.grant;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::ReviewExtension {
            grant,
        })
        .await
    }

    async fn decide_extension(&self, request: Request<v1::DecideExtensionRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let grant = ask.grant;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::DecideExtension {
            grant,
        })
        .await
    }

    async fn suspend(&self, request: Request<v1::SuspendRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let reason = edge::choice::<SuspendReason>(ask.reason).map_err(|e| errors::invalid("reason", e))?;
        let review_at = edge::at_given(ask.review_at)
            .map_err(|e| errors::invalid("review_at", e))?
            .ok_or_else(|| errors::invalid("review_at", "is missing"))?;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::Suspend {
            reason,
            review_at,
        })
        .await
    }

    async fn resume(&self, request: Request<v1::ResumeRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), |_, _| Action::Resume).await
    }

    async fn escalate(&self, request: Request<v1::EscalateRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), |_, _| Action::Escalate).await
    }

    async fn file_opinion(&self, request: Request<v1::FileOpinionRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let words = vec![said("opinion", TextKind::Evidence, &ask.opinion)];
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), |_, texts| Action::FileOpinion {
            opinion: first(texts),
        })
        .await
    }

    async fn name_interim_lead(&self, request: Request<v1::NameInterimLeadRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let unit = UnitCode::new(ask.unit.as_str()).map_err(|e| errors::invalid("unit", e))?;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::NameInterimLead {
            unit: unit.clone(),
        })
        .await
    }

    async fn rule(&self, request: Request<v1::RuleRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let lead = UnitCode::new(ask.lead.as_str()).map_err(|e| errors::invalid("lead", e))?;
        let assists = units("assists", &ask.assists)?;
        let rule = edge::given::<VersionCode>(&ask.rule).map_err(|e| errors::invalid("rule", e))?;
        let (_, version) = self.catalogue()?;
        let words = vec![said("grounds", TextKind::Reason, &ask.grounds)];
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), move |_, texts| Action::Rule {
            lead: lead.clone(),
            assists: assists.clone(),
            catalogue: version.clone(),
            rule: rule.clone(),
            grounds: first(texts),
        })
        .await
    }

    async fn unlock_return(&self, request: Request<v1::UnlockReturnRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let note = noted("reason", &ask.reason);
        self.run(asked(&caller, &ask.request_id, &ask.ticket, note), |_, _| Action::UnlockReturn).await
    }

    async fn supervise(&self, request: Request<v1::SuperviseRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let level = u8::try_from(ask.level).map_err(|_| errors::invalid("level", "must be 1 to 3"))?;
        let due = edge::at_given(ask.due).map_err(|e| errors::invalid("due", e))?;
        let order = Order { level, issuer: caller.actor.person.clone(), due };
        let words =
            if ask.text.trim().is_empty() { Vec::new() } else { vec![said("text", TextKind::Reason, &ask.text)] };
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), move |_, texts| Action::Supervise {
            order: order.clone(),
            text: texts.first().copied(),
        })
        .await
    }

    async fn propose_split(&self, request: Request<v1::ProposeSplitRequest>) -> Answer<v1::SplitProposal> {
        let caller = who(&request)?;
        self.split_proposed(&caller, &request.get_ref().ticket).await.map(Response::new)
    }

    async fn split(&self, request: Request<v1::SplitRequest>) -> Answer<v1::SplitReply> {
        let caller = who(&request)?;
        self.split_up(&caller, request.get_ref()).await.map(Response::new)
    }

    async fn sub_dispatch(&self, request: Request<v1::SubDispatchRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let inner = UnitCode::new(ask.team.as_str()).map_err(|e| errors::invalid("team", e))?;
        let (in_force, _) = self.catalogue()?;
        let parent = in_force.catalogue.unit(&inner).and_then(|team| team.parent.clone());
        let belongs = parent.is_some() && parent == caller.actor.unit;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::SubDispatch {
            inner: inner.clone(),
            belongs,
        })
        .await
    }

    async fn publish_task(&self, request: Request<v1::PublishTaskRequest>) -> Done {
        let caller = who(&request)?;
        self.task_published(&caller, request.get_ref()).await
    }

    async fn claim_task(&self, request: Request<v1::ClaimTaskRequest>) -> Done {
        let caller = who(&request)?;
        self.task_claimed(&caller, request.get_ref()).await
    }

    async fn give_evidence(&self, request: Request<v1::GiveEvidenceRequest>) -> Done {
        let caller = who(&request)?;
        self.evidence_given(&caller, request.get_ref()).await
    }

    async fn confirm_evidence(&self, request: Request<v1::ConfirmEvidenceRequest>) -> Done {
        let caller = who(&request)?;
        self.evidence_confirmed(&caller, request.get_ref()).await
    }

    async fn verify_result(&self, request: Request<v1::VerifyResultRequest>) -> Done {
        let caller = who(&request)?;
        self.result_verified(&caller, request.get_ref()).await
    }

    async fn return_upstream(&self, request: Request<v1::ReturnUpstreamRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let words = vec![said("reason", TextKind::Reason, &ask.reason)];
        self.run(asked(&caller, &ask.request_id, &ask.ticket, words), |_, texts| Action::ReturnUpstream {
            reason: first(texts),
        })
        .await
    }

    async fn decide_upstream(&self, request: Request<v1::DecideUpstreamRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let decision = edge::choice::<UpstreamDecision>(ask.decision).map_err(|e| errors::invalid("decision", e))?;
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::UpstreamDecides {
            decision,
        })
        .await
    }

    async fn release_order(&self, request: Request<v1::ReleaseOrderRequest>) -> Done {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let issuer = caller.actor.person.clone();
        self.run(asked(&caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::Release {
            issuer: issuer.clone(),
        })
        .await
    }
}

impl Api {
    pub(crate) async fn run(
        &self,
        asked: Asked<'_>,
        action: impl Fn(&Ticket, &[TextId]) -> Action + Send + Sync + 'static,
    ) -> Done {
        self.app.act(asked, action).await.map(Response::new)
    }

    /// Files of a ticket, by their ids.
    async fn files(&self, ticket: &str, ids: &[String]) -> Result<Vec<FileId>, Status> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ticket = self.app.ticket("ticket", ticket).await?;
        let there = self.app.store.attachments_of(&[ticket.id]).await.map_err(|e| status(&e))?;
        let of_ticket = |id: &String| {
            let id: FileId = id.parse().map_err(|e| errors::invalid("files", e))?;
            let found = there.iter().any(|file| file.id == id.uuid() && file.facts.is_some());
            if found {
                Ok(id)
            } else {
                Err(errors::invalid("files", "names a file that did not come with this ticket"))
            }
        };
        ids.iter().map(of_ticket).collect()
    }

    /// F15 with code 25: the ticket joins the one that it repeats.
    async fn merge_return(&self, caller: &Caller, ask: &v1::DecideReturnRequest) -> Done {
        let (ticket, master) =
            (self.app.ticket("ticket", &ask.ticket).await?, self.app.ticket("master", &ask.master).await?);
        let join = Join {
            a: ticket.id,
            b: master.id,
            class: DuplicateClass::D3,
            basis: VersionCode::new("return-25").map_err(|e| errors::internal(&e))?,
            by: caller.actor.clone(),
            at: self.app.clock().now(),
            request: request_id(&ask.request_id)?,
        };
        let group = self.app.store.join(&join, &self.app.limits, |_, _| Ok(())).await.map_err(|e| status(&e))?;
        Ok(Response::new(v1::CommandReply {
            number: group.member.number.to_string(),
            ticket_id: group.member.id.to_string(),
            version: group.member.version,
            state: group.member.state.number(),
            repeated: group.repeated,
        }))
    }

    pub(crate) fn catalogue(&self) -> Result<(Arc<suban_service::InForce>, VersionCode), Status> {
        let f = self
            .app
            .catalogues
            .now()
            .ok_or_else(|| errors::refused("NO_CATALOGUE", "no catalogue is in force; publish one first", []))?;
        let version = f.version.clone();
        Ok((f, version))
    }
}

fn who<T>(request: &Request<T>) -> Result<Arc<Caller>, Status> {
    caller(request).map(|c| Arc::new(c.clone()))
}

fn units(field: &str, codes: &[String]) -> Result<Vec<UnitCode>, Status> {
    codes.iter().map(|c| UnitCode::new(c.as_str()).map_err(|e| errors::invalid(field, e))).collect()
}

pub(crate) fn asked<'a>(caller: &'a Caller, request_id: &'a str, ticket: &'a str, said: Vec<Said<'a>>) -> Asked<'a> {
    Asked { caller, request_id, ticket, said }
}

pub(crate) fn said<'a>(field: &'static str, kind: TextKind, raw: &'a str) -> Said<'a> {
    Said { field, kind, raw }
}

/// An account.
pub(crate) fn person_code(field: &str, code: &str) -> Result<PersonCode, Status> {
    PersonCode::new(code).map_err(|e| errors::invalid(field, e))
}

/// Words beside a command that stand in the ticket's file; none where none were said.
fn noted<'a>(field: &'static str, raw: &'a str) -> Vec<Said<'a>> {
    if raw.trim().is_empty() { Vec::new() } else { vec![said(field, TextKind::Note, raw)] }
}

/// The one text of a command that has one.
pub(crate) fn first(texts: &[TextId]) -> TextId {
    texts.first().copied().unwrap_or_else(|| TextId::new(uuid::Uuid::nil()))
}
