//! The gRPC face: call-back agents, the robot, and the citizen's link.

use std::collections::{BTreeMap, HashMap};

use suban_domain::{
    Action, Actor, Answers, At, AttemptOutcome, Audience, Fact, PersonCode, Recorded, Role, State, SurveyMeans, TextId,
    Ticket, TicketId, Timer, Waiting,
};
use suban_proto::v1::{self, followup_service_server::FollowupService};
use suban_runtime::{
    access::{Caller, caller},
    errors,
};
use suban_service::{
    App, Asked, Said as Spoken,
    paging::{Mark, page_size},
    status, view,
};
use suban_store::{
    link_token,
    texts::{TextKind, clean},
    ticket_of_link,
};
use tonic::{Request, Response, Status};

use crate::{decide, flash, notices, tables};

/// Longest words beside an answer, characters.
const COMMENT: usize = 2_000;

/// Answers FollowupService.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
}

#[tonic::async_trait]
impl FollowupService for Api {
    async fn list_surveys(
        &self,
        request: Request<v1::ListSurveysRequest>,
    ) -> Result<Response<v1::ListSurveysReply>, Status> {
        let caller = caller(&request)?.clone();
        asks_citizens(&caller)?;
        let ask = request.into_inner();
        let page = page_size(ask.page_size)?;
        let until = ask.due_before.map_or_else(
            || self.app.clock().now(),
            |t| suban_domain::At::from_micros(t.seconds.saturating_mul(1_000_000)),
        );
        let human = match v1::SurveyMeans::try_from(ask.means) {
            Ok(v1::SurveyMeans::Human) => Some(true),
            Ok(v1::SurveyMeans::Robot) => Some(false),
            _ => None,
        };
        let asked = v1::ListSurveysRequest { page_token: String::new(), page_size: 0, ..ask.clone() };
        let mark = Mark::of(&caller, &asked);
        let after = mark.open(&ask.page_token)?.map(key_from);
        let surveys = tables::due(self.app.store.pool(), until, after, human, page).await.map_err(|e| status(&e))?;
        let next = surveys
            .last()
            .filter(|_| u32::try_from(surveys.len()).unwrap_or(u32::MAX) == page)
            .map(|s| mark.seal(&key_of(s)))
            .unwrap_or_default();
        let ids: Vec<TicketId> = surveys.iter().map(|s| s.ticket).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let mut shown = Vec::new();
        for survey in &surveys {
            let Some(ticket) = tickets.get(&survey.ticket) else { continue };
            let in_area =
                ask.area.is_empty() || ticket.area.as_ref().is_some_and(|a| a.as_str().starts_with(&ask.area));
            // The row goes with an event; while Kafka is away nobody is to be asked twice.
            let asked = ticket.state == State::PendingCallback;
            if asked && in_area && (!ask.waiting_for_decision || ticket.waiting.is_some()) {
                shown.push(self.survey(survey, ticket).await?);
            }
        }
        Ok(Response::new(v1::ListSurveysReply { surveys: shown, next_page_token: next }))
    }

    async fn get_survey(&self, request: Request<v1::GetSurveyRequest>) -> Result<Response<v1::Survey>, Status> {
        let caller = caller(&request)?.clone();
        asks_citizens(&caller)?;
        let ticket = self.app.ticket("ticket", &request.into_inner().ticket).await?;
        let survey = tables::of_ticket(self.app.store.pool(), ticket.id)
            .await
            .map_err(|e| status(&e))?
            .ok_or_else(|| errors::not_found("open survey", "of this ticket"))?;
        Ok(Response::new(self.survey(&survey, &ticket).await?))
    }

    async fn record_attempt(
        &self,
        request: Request<v1::RecordAttemptRequest>,
    ) -> Result<Response<v1::CommandReply>, Status> {
        let caller = caller(&request)?.clone();
        let ask = request.into_inner();
        let outcome =
            AttemptOutcome::from_number(ask.outcome).ok_or_else(|| errors::invalid("outcome", "must be said"))?;
        let means = means(ask.means)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let survey = tables::of_ticket(self.app.store.pool(), ticket.id).await.map_err(|e| status(&e))?;
        let asked = Asked { caller: &caller, request_id: &ask.request_id, ticket: &ask.ticket, said: Vec::new() };
        let acted = self.app.act_on(&ticket, asked, move |_, _| Action::AttemptSurvey { outcome, means }).await?;
        if let Some(survey) = survey.filter(|_| !acted.repeated) {
            let now = self.app.clock().now();
            let next = decide::next_attempt(outcome, now);
            let by = caller.actor.person.as_str();
            tables::attempted(self.app.store.pool(), &survey, acted.ticket.attempts, now, next, (outcome, means, by))
                .await
                .map_err(|e| status(&e))?;
        }
        let mut now = acted.ticket;
        let used_up = now.attempts >= self.app.limits.max_attempts || decide::ends_asking(outcome);
        if used_up && now.state == State::PendingCallback && now.waiting.is_none() {
            now = self.exhaust(&now, &ask.request_id).await?;
        }
        Ok(Response::new(v1::CommandReply {
            number: now.number.to_string(),
            ticket_id: now.id.to_string(),
            version: now.version,
            state: now.state.number(),
            repeated: acted.repeated,
        }))
    }

    async fn record_survey(
        &self,
        request: Request<v1::RecordSurveyRequest>,
    ) -> Result<Response<v1::SurveyReply>, Status> {
        let caller = caller(&request)?.clone();
        let ask = request.into_inner();
        let means = means(ask.means)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let said = Said::read(ask.answers, &ask.parts)?;
        self.take(&caller, &ticket, &ask.request_id, &said, means, &ask.comment).await.map(Response::new)
    }

    async fn decide_survey(
        &self,
        request: Request<v1::DecideSurveyRequest>,
    ) -> Result<Response<v1::CommandReply>, Status> {
        let caller = caller(&request)?.clone();
        let ask = request.into_inner();
        let action = match v1::SurveyDecision::try_from(ask.decision) {
            Ok(v1::SurveyDecision::Redo) => Action::OrderRedo,
            Ok(v1::SurveyDecision::CloseUnsatisfied) => Action::CloseUnsatisfied,
            Ok(v1::SurveyDecision::Unreasonable) => Action::CloseUnsolvable { not_solvable_now: false },
            Ok(v1::SurveyDecision::NotSolvableNow) => Action::CloseUnsolvable { not_solvable_now: true },
            Ok(v1::SurveyDecision::Unspecified) | Err(_) => return Err(errors::invalid("decision", "must be said")),
        };
        let asked = Asked { caller: &caller, request_id: &ask.request_id, ticket: &ask.ticket, said: Vec::new() };
        let reply = self.app.act(asked, move |_, _| action.clone()).await?;
        if !ask.reason.trim().is_empty() {
            let ticket = self.app.ticket("ticket", &ask.ticket).await?;
            self.note(&caller, &ticket, &ask.request_id, &ask.reason, Audience::Internal).await;
        }
        Ok(Response::new(reply))
    }

    async fn reopen(&self, request: Request<v1::ReopenRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let caller = caller(&request)?.clone();
        let ask = request.into_inner();
        clean("reason", &ask.reason, COMMENT).map_err(|(field, problem)| errors::invalid(field, problem))?;
        let asked = Asked { caller: &caller, request_id: &ask.request_id, ticket: &ask.ticket, said: Vec::new() };
        let reply = self.app.act(asked, |_, _| Action::Unsatisfied).await?;
        if !reply.repeated {
            let ticket = self.app.ticket("ticket", &ask.ticket).await?;
            self.note(&caller, &ticket, &ask.request_id, &ask.reason, Audience::Unit).await;
        }
        Ok(Response::new(reply))
    }

    async fn view_by_link(
        &self,
        request: Request<v1::ViewByLinkRequest>,
    ) -> Result<Response<v1::ProgressView>, Status> {
        let ticket = self.by_link(&request.into_inner().token).await?;
        Ok(Response::new(self.progress(&ticket).await?))
    }

    async fn rate_by_link(&self, request: Request<v1::RateByLinkRequest>) -> Result<Response<v1::SurveyReply>, Status> {
        let ask = request.into_inner();
        let ticket = self.by_link(&ask.token).await?;
        let said = Said::read(ask.answers, &ask.parts)?;
        let citizen = citizen()?;
        self.take(&citizen, &ticket, &ask.request_id, &said, SurveyMeans::Link, &ask.comment).await.map(Response::new)
    }

    async fn report_flash(&self, request: Request<v1::ReportFlashRequest>) -> Result<Response<v1::Flash>, Status> {
        let caller = caller(&request)?.clone();
        flash::api::report(&self.app, &caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_flashes(
        &self,
        request: Request<v1::ListFlashesRequest>,
    ) -> Result<Response<v1::ListFlashesReply>, Status> {
        let caller = caller(&request)?.clone();
        flash::api::list(&self.app, &caller, request.get_ref()).await.map(Response::new)
    }

    async fn list_notices(
        &self,
        request: Request<v1::ListNoticesRequest>,
    ) -> Result<Response<v1::ListNoticesReply>, Status> {
        let caller = caller(&request)?.clone();
        notices::api::list(&self.app, &caller, request.into_inner()).await.map(Response::new)
    }

    async fn receive_notice(
        &self,
        request: Request<v1::ReceiveNoticeRequest>,
    ) -> Result<Response<v1::ReceiveNoticeReply>, Status> {
        let caller = caller(&request)?.clone();
        notices::api::receive(&self.app, &caller, &request.into_inner()).await.map(Response::new)
    }

    async fn get_link(&self, request: Request<v1::GetLinkRequest>) -> Result<Response<v1::Link>, Status> {
        let caller = caller(&request)?.clone();
        if !matches!(caller.actor.role, Role::Agent | Role::CallbackBot | Role::Callback | Role::IntakeBot) {
            return Err(errors::denied("WRONG_ROLE", "only agents and call-back staff may send a citizen's link"));
        }
        let ticket = self.app.ticket("ticket", &request.into_inner().ticket).await?;
        Ok(Response::new(v1::Link {
            number: ticket.number.to_string(),
            token: link_token(self.app.store.keys(), ticket.id),
        }))
    }
}

impl Api {
    async fn by_link(&self, token: &str) -> Result<Ticket, Status> {
        let id = ticket_of_link(self.app.store.keys(), token)
            .ok_or_else(|| errors::not_found("ticket", "behind this link"))?;
        self.app.store.load_one(id).await.map_err(|e| status(&e))
    }

    /// Takes answers: what follows is the ticket core's to say.
    async fn take(
        &self,
        caller: &Caller,
        ticket: &Ticket,
        request_id: &str,
        said: &Said,
        means: SurveyMeans,
        comment: &str,
    ) -> Result<v1::SurveyReply, Status> {
        // After its closing a split ticket is rated as a whole.
        if !ticket.parts.is_empty() && ticket.state == State::PendingCallback {
            return self.take_parts(caller, ticket, request_id, said, means, comment).await;
        }
        let answers = said.about(ticket)?;
        let number = ticket.number.as_str();
        let asked = Asked { caller, request_id, ticket: number, said: Vec::new() };
        let acted = self.app.act_on(ticket, asked, move |_, _| Action::Survey { answers, means }).await?;
        if !comment.trim().is_empty() && !acted.repeated {
            self.note(caller, &acted.ticket, request_id, comment, Audience::Unit).await;
        }
        Ok(v1::SurveyReply {
            number: acted.ticket.number.to_string(),
            state: acted.ticket.state.number(),
            valid: answers.is_valid(),
            repeated: acted.repeated,
            version: acted.ticket.version,
        })
    }

    /// One survey, an answer a part (F26a, F26b).
    async fn take_parts(
        &self,
        caller: &Caller,
        parent: &Ticket,
        request_id: &str,
        said: &Said,
        means: SurveyMeans,
        comment: &str,
    ) -> Result<v1::SurveyReply, Status> {
        let parts = self.app.store.parts_of(parent).await.map_err(|e| status(&e))?;
        if let Some(stranger) = said.parts.keys().find(|number| !parts.iter().any(|p| p.number.as_str() == *number)) {
            return Err(errors::invalid("parts", format!("{stranger} is no part of this ticket")));
        }
        let asked: Vec<&Ticket> = parts.iter().filter(|part| asks(part)).collect();
        let answers = asked.iter().map(|part| said.about(part)).collect::<Result<Vec<_>, _>>()?;
        let (mut valid, mut repeated) = (false, !asked.is_empty());
        for (part, answers) in asked.into_iter().zip(answers) {
            let asked = Asked { caller, request_id, ticket: part.number.as_str(), said: Vec::new() };
            let acted = self.app.act_on(part, asked, move |_, _| Action::Survey { answers, means }).await?;
            (valid, repeated) = (valid || answers.is_valid(), repeated && acted.repeated);
        }
        if !comment.trim().is_empty() && !repeated {
            self.note(caller, parent, request_id, comment, Audience::Unit).await;
        }
        // What the answers lead to is seen at once, and not when the events come round.
        crate::parts::follow(&self.app, std::iter::once(parent), &HashMap::new()).await.map_err(|e| status(&e))?;
        let now = self.app.store.load_one(parent.id).await.map_err(|e| status(&e))?;
        let (number, state, version) = (now.number.to_string(), now.state.number(), now.version);
        Ok(v1::SurveyReply { number, state, valid, repeated, version })
    }

    /// The parts of a split ticket, as the citizen is told of them.
    async fn parts(&self, parent: &Ticket) -> Result<Vec<v1::TicketPart>, Status> {
        if parent.parts.is_empty() {
            return Ok(Vec::new());
        }
        let parts = self.app.store.parts_of(parent).await.map_err(|e| status(&e))?;
        let texts = self.app.store.texts_of(&parent.parts).await.map_err(|e| status(&e))?;
        let in_force = self.app.catalogues.now();
        let shown = parts.iter().map(|part| {
            let masked = |id: TextId| texts.iter().find(|t| t.id == id).and_then(|t| t.masked.clone());
            let matter =
                part.matter.as_ref().and_then(|code| Some(in_force.as_ref()?.catalogue.matter(code)?.name.clone()));
            let words = || part.texts.first().copied().and_then(masked).unwrap_or_default();
            let (_, unit_name) = self.lead_names(part);
            v1::TicketPart {
                number: part.number.to_string(),
                title: matter.unwrap_or_else(|| words().chars().take(40).collect()),
                state: part.state.number(),
                state_zh: part.state.zh().into(),
                state_en: part.state.code().to_lowercase().replace('_', " "),
                unit_name,
                public_reply: reply_id(part).filter(|_| is_done(part)).and_then(masked).unwrap_or_default(),
                asks: asks(part) && parent.state == State::PendingCallback,
            }
        });
        Ok(shown.collect())
    }

    /// Words beside an answer are a note; the answer stands whatever becomes of it.
    async fn note(&self, caller: &Caller, ticket: &Ticket, request_id: &str, words: &str, audience: Audience) {
        let asked = Asked {
            caller,
            request_id: &format!("{request_id}:words"),
            ticket: ticket.number.as_str(),
            said: vec![Spoken { field: "comment", kind: TextKind::Remark, raw: words }],
        };
        let noted = self
            .app
            .act_on(ticket, asked, move |_, ids| Action::Note {
                text: ids.first().copied().unwrap_or_else(|| TextId::new(uuid::Uuid::nil())),
                audience,
            })
            .await;
        if let Err(refused) = noted {
            tracing::warn!(code = ?refused.code(), "the words beside a survey could not be kept");
        }
    }

    async fn exhaust(&self, ticket: &Ticket, request_id: &str) -> Result<Ticket, Status> {
        let system = Caller { actor: App::system(), ..citizen()? };
        let asked = Asked {
            caller: &system,
            request_id: &format!("{request_id}:exhausted"),
            ticket: ticket.number.as_str(),
            said: Vec::new(),
        };
        self.app.act_on(ticket, asked, |_, _| Action::ExhaustSurvey).await.map(|acted| acted.ticket)
    }

    async fn survey(&self, survey: &tables::Survey, ticket: &Ticket) -> Result<v1::Survey, Status> {
        let texts = self.app.store.texts_of(&[ticket.id]).await.map_err(|e| status(&e))?;
        let masked = |id: TextId| texts.iter().find(|t| t.id == id).and_then(|t| t.masked.clone()).unwrap_or_default();
        let title = texts.iter().find(|t| t.kind == TextKind::Title).and_then(|t| t.masked.clone());
        let (unit, unit_name) = self.lead_names(ticket);
        Ok(v1::Survey {
            number: ticket.number.to_string(),
            ticket_id: ticket.id.to_string(),
            round: u32::from(ticket.redo_round),
            title: title.unwrap_or_default(),
            unit,
            unit_name,
            reply: reply_id(ticket).map(masked).unwrap_or_default(),
            reported_at: Some(view::timestamp(ticket.reported_at)),
            due: Some(view::timestamp(survey.next_at)),
            means: if survey.human { SurveyMeans::Human.number() } else { SurveyMeans::Robot.number() },
            attempts: survey.attempts,
            ends_at: Some(view::timestamp(survey.ends_at)),
            waits: match ticket.waiting {
                None => 0,
                Some(Waiting::Qa) => v1::SurveyWaits::Qa as i32,
                Some(Waiting::Release) => v1::SurveyWaits::Release as i32,
                Some(Waiting::Arbiter) => v1::SurveyWaits::Arbiter as i32,
            },
            answers: None,
            parts: self.parts(ticket).await?,
        })
    }

    fn lead_names(&self, ticket: &Ticket) -> (String, String) {
        let Some(unit) = ticket.lead().map(|t| t.unit.clone()) else { return (String::new(), String::new()) };
        let name = self
            .app
            .catalogues
            .now()
            .and_then(|f| f.catalogue.unit(&unit).map(|u| u.name.clone()))
            .unwrap_or_else(|| unit.to_string());
        (unit.to_string(), name)
    }

    /// What the citizen sees: a member sees its master's progress, never its number or other people (M2).
    async fn progress(&self, ticket: &Ticket) -> Result<v1::ProgressView, Status> {
        let master = match ticket.master() {
            Some(id) => Some(self.app.store.load_one(id).await.map_err(|e| status(&e))?),
            None => None,
        };
        let shown = master.as_ref().unwrap_or(ticket);
        let texts = self.app.store.texts_of(&[ticket.id]).await.map_err(|e| status(&e))?;
        let masked = |id: TextId| texts.iter().find(|t| t.id == id).and_then(|t| t.masked.clone());
        let title = texts.iter().find(|t| t.kind == TextKind::Title).and_then(|t| t.masked.clone());
        let log = self.app.store.log(shown.id, 0).await.map_err(|e| status(&e))?;
        let steps = log.iter().filter_map(step).collect();
        // A confidential ticket shows no unit name (R-SEC-9).
        let unit_name = if ticket.flags.confidential { String::new() } else { self.lead_names(shown).1 };
        let done = is_done(ticket);
        Ok(v1::ProgressView {
            number: ticket.number.to_string(),
            state: shown.state.number(),
            state_zh: shown.state.zh().into(),
            state_en: shown.state.code().to_lowercase().replace('_', " "),
            steps,
            unit_name,
            public_reply: reply_id(ticket).filter(|_| done).and_then(masked).unwrap_or_default(),
            can_rate: ticket.state == State::PendingCallback
                || (matches!(ticket.state, State::Closed | State::Answered)
                    && ticket.dues.contains_key(&Timer::Rating)),
            rated: ticket.state != State::PendingCallback && ticket.answers.is_some_and(|a| a.is_valid()),
            merged: master.is_some(),
            promised_by: shown.dues.get(&Timer::Promise).map(|at| view::timestamp(*at)),
            title: title.unwrap_or_default(),
            parts: self.parts(ticket).await?,
        })
    }
}

/// Is there an answer that the citizen may read?
const fn is_done(ticket: &Ticket) -> bool {
    matches!(ticket.state, State::PendingCallback | State::Closed | State::Archived | State::Answered)
}

/// Is an answer about this part awaited: done, and not answered before?
const fn asks(part: &Ticket) -> bool {
    matches!(part.state, State::PendingCallback) && part.waiting.is_none()
}

/// What somebody said in a survey: of the ticket, or of each of its parts.
#[derive(Debug, Default)]
struct Said {
    whole: Option<Answers>,
    parts: BTreeMap<String, Answers>,
}

impl Said {
    fn read(whole: Option<v1::Answers>, parts: &[v1::PartAnswers]) -> Result<Self, Status> {
        let mut said = Self { whole: whole.map(|said| answers(Some(said))).transpose()?, ..Self::default() };
        for part in parts {
            said.parts.insert(part.number.clone(), answers(part.answers)?);
        }
        if said.whole.is_none() && said.parts.is_empty() {
            return Err(errors::invalid("answers", "are missing"));
        }
        Ok(said)
    }

    /// Of this ticket or part: by its name, else what was said of all.
    fn about(&self, ticket: &Ticket) -> Result<Answers, Status> {
        let number = ticket.number.as_str();
        let of_it = self.parts.get(number).copied().or(self.whole);
        of_it.ok_or_else(|| errors::invalid("parts", format!("say nothing of {number}")))
    }
}

fn reply_id(ticket: &Ticket) -> Option<TextId> {
    ticket.copied_reply.map(|(reply, _)| reply).or_else(|| ticket.result.as_ref().map(|r| r.reply))
}

/// The steps that a citizen is shown; everything inside the house is left out.
fn step(recorded: &Recorded) -> Option<v1::ProgressStep> {
    let (zh, en) = match &recorded.event.fact {
        Fact::Submitted { .. } => ("已收到您的诉求", "received"),
        Fact::Accepted { .. } => ("已受理", "accepted"),
        Fact::InfoAsked { .. } => ("请您补充信息", "waiting for your information"),
        Fact::Supplemented { .. } => ("已收到您的补充", "your information was added"),
        Fact::Dispatched { .. } | Fact::Ruled { .. } => ("已分拨承办单位", "sent to the responsible unit"),
        Fact::Signed { .. } => ("承办单位已签收", "the unit has signed for it"),
        Fact::Contacted { .. } => ("承办单位已联系", "the unit has called"),
        Fact::ExtensionGranted { .. } => ("办理时限已延长", "more time was granted"),
        Fact::Suspended { .. } => ("暂缓办理", "suspended"),
        Fact::Resumed { .. } => ("恢复办理", "work goes on"),
        Fact::ResultAccepted { .. } => ("已办结", "completed"),
        Fact::RedoOrdered { .. } => ("已退回重新办理", "is being done again"),
        Fact::Closed { .. } => ("已结案", "closed"),
        Fact::Answered { .. } => ("已答复", "answered"),
        Fact::Rejected { .. } => ("不予受理", "not accepted"),
        Fact::TransferredOut { .. } => ("已转其他热线", "handed to another hotline"),
        Fact::Withdrawn {} => ("已撤回", "withdrawn"),
        Fact::Urged { .. } => ("已催办", "urged"),
        Fact::SurveyAnswered { .. } | Fact::RatedSatisfied { .. } => ("已收到您的评价", "your answer was received"),
        Fact::InterimGiven { .. }
        | Fact::SupplementOverdue { .. }
        | Fact::MergedInto { .. }
        | Fact::Split { .. }
        | Fact::ReturnRequested { .. }
        | Fact::ReturnReviewed { .. }
        | Fact::ReturnApproved { .. }
        | Fact::ReturnDenied { .. }
        | Fact::Escalated {}
        | Fact::OpinionFiled { .. }
        | Fact::InterimLeadNamed { .. }
        | Fact::ExtensionRequested { .. }
        | Fact::ExtensionReviewed { .. }
        | Fact::ExtensionDenied {}
        | Fact::UnitAdded { .. }
        | Fact::ResultSubmitted { .. }
        | Fact::PartsDone {}
        | Fact::PartsAnswered { .. }
        | Fact::ResultRejected { .. }
        | Fact::Verified { .. }
        | Fact::SurveyAttempted { .. }
        | Fact::SurveyExhausted {}
        | Fact::Archived {}
        | Fact::Unmerged { .. }
        | Fact::Amended { .. }
        | Fact::Recalled { .. }
        | Fact::Noted { .. }
        | Fact::SubDispatched { .. }
        | Fact::Reopened { .. }
        | Fact::Complained {}
        | Fact::ReplyCopied { .. }
        | Fact::ReturnedUpstream { .. }
        | Fact::UpstreamDecided { .. }
        | Fact::Judged { .. }
        | Fact::MemberJoined { .. }
        | Fact::MemberLeft { .. }
        | Fact::TookOver { .. }
        | Fact::GaveOver { .. }
        | Fact::PartAccepted { .. }
        | Fact::PartRejected { .. }
        | Fact::AssistReleased { .. }
        | Fact::ReturnUnlocked {}
        | Fact::CardShown { .. }
        | Fact::Supervised { .. }
        | Fact::Released { .. }
        | Fact::TaskPublished { .. }
        | Fact::TaskClaimed { .. }
        | Fact::EvidenceGiven { .. }
        | Fact::EvidenceConfirmed { .. }
        | Fact::NoticeSent { .. } => return None,
    };
    Some(v1::ProgressStep { at: Some(view::timestamp(recorded.at)), text_zh: zh.into(), text_en: en.into() })
}

/// Who holds the link is the citizen; the link itself is the proof.
fn citizen() -> Result<Caller, Status> {
    let person = PersonCode::new("link").map_err(|e| errors::internal(&e))?;
    Ok(Caller {
        token_id: uuid::Uuid::nil(),
        actor: Actor { role: Role::Citizen, person, unit: None, area: None },
        outsourced: false,
    })
}

fn asks_citizens(caller: &Caller) -> Result<(), Status> {
    if matches!(caller.actor.role, Role::Callback | Role::CallbackBot | Role::Qa | Role::Supervisor) {
        Ok(())
    } else {
        Err(errors::denied("WRONG_ROLE", "surveys are for call-back staff, QA and supervisors"))
    }
}

fn means(number: i32) -> Result<SurveyMeans, Status> {
    SurveyMeans::from_number(number).ok_or_else(|| errors::invalid("means", "must be said"))
}

fn answers(said: Option<v1::Answers>) -> Result<Answers, Status> {
    let said = said.ok_or_else(|| errors::invalid("answers", "are missing"))?;
    let key = |field: &'static str, n: Option<u32>| {
        n.map(|n| u8::try_from(n).map_err(|_| errors::invalid(field, "is no key of the script"))).transpose()
    };
    let answers = Answers {
        contacted: said.contacted,
        solved: key("answers.solved", said.solved)?,
        satisfied: key("answers.satisfied", said.satisfied)?,
        attitude: key("answers.attitude", said.attitude)?,
        pressed_to_withdraw: said.pressed_to_withdraw,
    };
    if answers.is_on_the_script() {
        Ok(answers)
    } else {
        Err(errors::invalid("answers", "are no keys of the script: solved 1 to 4, satisfied 1 to 5, attitude 1 to 3"))
    }
}

/// Where a page of surveys ends: when it is due, and the ticket.
fn key_of(survey: &tables::Survey) -> [u8; 24] {
    let mut key = [0; 24];
    let (at, ticket) = key.split_at_mut(8);
    at.copy_from_slice(&survey.next_at.micros().to_be_bytes());
    ticket.copy_from_slice(survey.ticket.uuid().as_bytes());
    key
}

/// The place that [`key_of`] wrote.
fn key_from(key: [u8; 24]) -> (At, TicketId) {
    let (mut at, mut ticket) = ([0; 8], [0; 16]);
    at.copy_from_slice(&key[..8]);
    ticket.copy_from_slice(&key[8..]);
    (At::from_micros(i64::from_be_bytes(at)), TicketId::new(uuid::Uuid::from_bytes(ticket)))
}
