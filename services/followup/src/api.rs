//! The gRPC face: call-back agents, the robot, and the citizen's link.

use suban_domain::{
    Action, Actor, At, AttemptOutcome, Audience, PersonCode, Role, State, SurveyMeans, TextId, Ticket, TicketId,
    Waiting,
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

use crate::{decide, flash, notices, progress::reply_id, said::Said, tables};

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
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let asked = Asked { caller: &caller, request_id: &ask.request_id, ticket: &ask.ticket, said: Vec::new() };
        let acted = self.app.act_on(&ticket, asked, |_, _| Action::Unsatisfied).await?;
        if !acted.repeated {
            self.note(&caller, &acted.ticket, &ask.request_id, &ask.reason, Audience::Unit).await;
        }
        Ok(Response::new(v1::CommandReply {
            number: acted.ticket.number.to_string(),
            ticket_id: acted.ticket.id.to_string(),
            version: acted.ticket.version,
            state: acted.ticket.state.number(),
            repeated: acted.repeated,
        }))
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

    /// Words beside an answer are a note; the answer stands whatever becomes of it.
    pub(crate) async fn note(
        &self,
        caller: &Caller,
        ticket: &Ticket,
        request_id: &str,
        words: &str,
        audience: Audience,
    ) {
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

    pub(crate) fn lead_names(&self, ticket: &Ticket) -> (String, String) {
        let Some(unit) = ticket.lead().map(|t| t.unit.clone()) else { return (String::new(), String::new()) };
        let name = self
            .app
            .catalogues
            .now()
            .and_then(|f| f.catalogue.unit(&unit).map(|u| u.name.clone()))
            .unwrap_or_else(|| unit.to_string());
        (unit.to_string(), name)
    }
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
