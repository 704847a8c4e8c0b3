//! Everybody who works: agents, dispatchers, units' signers and handlers, call-back agents; each with a token.

use std::collections::BTreeMap;

use rand::{Rng as _, rngs::StdRng};
use suban_domain::{
    Actor, Channel, ContactOutcome, Demand, Finding, Outcome, PersonCode, ReplyMeans, ReturnReason, Role, SiteVisit,
    SurveyMeans, TaskState, UnitCode,
};
use suban_proto::v1::{
    self, dispatch_service_client::DispatchServiceClient, followup_service_client::FollowupServiceClient,
    intake_service_client::IntakeServiceClient,
};
use suban_runtime::{
    Keys, Service, Settings,
    grpc::{Outgoing, channel},
};
use suban_store::{Store, city_clock, connect_pool, versions};
use suban_text::Catalogue;
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel as Line};

use super::{Summary, patiently};

type Named = InterceptedService<Line, Outgoing>;

/// One unit's two people.
struct Unit {
    signer: DispatchServiceClient<Named>,
    handler: DispatchServiceClient<Named>,
}

/// Everybody.
pub(crate) struct Staff {
    catalogue: Catalogue,
    agent: IntakeServiceClient<Named>,
    bot: IntakeServiceClient<Named>,
    dispatcher: DispatchServiceClient<Named>,
    second: DispatchServiceClient<Named>,
    callback: FollowupServiceClient<Named>,
    units: BTreeMap<UnitCode, Unit>,
}

/// At most this many entries a look.
const LOOK: u32 = 200;

impl Staff {
    /// Gives everybody a token, as `suban token new` would, and a line to the services.
    pub(crate) async fn hire(settings: &Settings) -> anyhow::Result<Self> {
        let pool = connect_pool(settings).await?;
        let clock = city_clock(&pool, settings).await?;
        let store = Store::new(pool, Keys::load(settings)?, clock, settings.city.time_zone());
        let at = store.clock().now();
        let version = store
            .name_in_force(suban_service::CATALOGUE, at)
            .await?
            .ok_or_else(|| anyhow::anyhow!("no catalogue is in force: `suban catalogue publish deploy/demo` first"))?;
        let body = versions::get(store.pool(), suban_service::CATALOGUE, &version)
            .await?
            .ok_or_else(|| anyhow::anyhow!("catalogue {version} is gone"))?;
        let catalogue: Catalogue = serde_json::from_value(body)?;

        let lines = |service| channel_to(settings, service);
        let (intake, dispatch, followup) =
            (lines(Service::Intake).await?, lines(Service::Dispatch).await?, lines(Service::Followup).await?);
        let token = async |role: Role, person: &str, unit: Option<&UnitCode>| {
            let actor = Actor { role, person: PersonCode::new(person)?, unit: unit.cloned(), area: None };
            anyhow::Ok(Outgoing::new(&store.create_token(&actor, &actor, false, None).await?.plain)?)
        };
        let mut units = BTreeMap::new();
        for unit in catalogue.units().iter().filter(|u| u.parent.is_none()) {
            let name = unit.code.as_str();
            let signer = token(Role::UnitSigner, &format!("{name}-signer"), Some(&unit.code)).await?;
            let handler = token(Role::UnitHandler, &format!("{name}-handler"), Some(&unit.code)).await?;
            units.insert(
                unit.code.clone(),
                Unit {
                    signer: DispatchServiceClient::with_interceptor(dispatch.clone(), signer),
                    handler: DispatchServiceClient::with_interceptor(dispatch.clone(), handler),
                },
            );
        }
        let agent = token(Role::Agent, "agent-1", None).await?;
        let bot = token(Role::IntakeBot, "gateway-bot", None).await?;
        let first = token(Role::Dispatcher, "dispatcher-1", None).await?;
        let second = token(Role::Dispatcher, "dispatcher-2", None).await?;
        let callback = token(Role::Callback, "callback-1", None).await?;
        Ok(Self {
            catalogue,
            agent: IntakeServiceClient::with_interceptor(intake.clone(), agent),
            bot: IntakeServiceClient::with_interceptor(intake, bot),
            dispatcher: DispatchServiceClient::with_interceptor(dispatch.clone(), first),
            second: DispatchServiceClient::with_interceptor(dispatch, second),
            callback: FollowupServiceClient::with_interceptor(followup, callback),
            units,
        })
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Who enters what came by this channel: an agent types what is said on the phone, a gateway the rest.
    pub(crate) fn intake_for(&self, channel: i32) -> IntakeServiceClient<Named> {
        if channel == Channel::Phone12345.number() { self.agent.clone() } else { self.bot.clone() }
    }

    /// The hall: people dispatch what the rules would not.
    pub(super) async fn dispatchers(&self, summary: &mut Summary, rng: &mut StdRng) {
        for _ in 0..LOOK {
            let request_id = format!("city-claim-{}", rng.random::<u64>());
            let mut line = self.dispatcher.clone();
            let ask = v1::ClaimNextRequest { request_id, area: String::new(), urgencies: Vec::new() };
            let Ok(claimed) = line.claim_next(ask).await else { return };
            let Some(entry) = claimed.into_inner().entry else { return };
            let matter = entry.matter.parse().ok();
            let area = entry.area.parse().ok();
            let lead = match (&matter, &area) {
                (Some(m), Some(a)) => self.catalogue.lead(m, a).map(|l| l.unit),
                (Some(m), None) => self.catalogue.lead_anywhere(m).map(|l| l.unit),
                (None, _) => None,
            };
            let known: Vec<&UnitCode> = self.units.keys().collect();
            let lead = lead.or_else(|| super::one_of(&known, rng).map(|u| (*u).clone()));
            let Some(lead) = lead else { return };
            let ask = v1::DispatchRequest {
                request_id: format!("city-send-{}", rng.random::<u64>()),
                ticket: entry.number,
                lead: lead.to_string(),
                mode: suban_domain::Mode::General.number(),
                ..v1::DispatchRequest::default()
            };
            note(summary, "人工分拨 dispatched by hand", line.dispatch(ask).await);
        }
    }

    /// Every unit looks into its inbox and does the next step of each task.
    pub(super) async fn units(&self, summary: &mut Summary, rng: &mut StdRng) {
        for (code, unit) in &self.units {
            let look = || {
                let mut line = unit.handler.clone();
                async move { line.inbox(v1::InboxRequest { page_size: LOOK, ..v1::InboxRequest::default() }).await }
            };
            let Ok(inbox) = patiently(look).await else { continue };
            for entry in inbox.into_inner().entries {
                self.step(code, unit, &entry, summary, rng).await;
            }
        }
    }

    async fn step(
        &self,
        code: &UnitCode,
        unit: &Unit,
        entry: &v1::InboxEntry,
        summary: &mut Summary,
        rng: &mut StdRng,
    ) {
        let request_id = format!("city-{}", rng.random::<u64>());
        let ticket = entry.number.clone();
        let (mut signer, mut handler) = (unit.signer.clone(), unit.handler.clone());
        match TaskState::from_number(entry.task_state) {
            Some(TaskState::PendingSign) if rng.random_bool(0.05) && entry.redo_round == 0 => {
                let other = self.units.keys().find(|u| *u != code).map(ToString::to_string).unwrap_or_default();
                let ask = v1::RequestReturnRequest {
                    request_id,
                    ticket: ticket.clone(),
                    reason: ReturnReason::NotMyDuty.number(),
                    evidence: "经核实不属于本单位职责范围,建议转有关单位办理".into(),
                    suggested_unit: other,
                };
                let asked = signer.request_return(ask).await;
                let went = asked.is_ok();
                note(summary, "申请退单 return asked", asked);
                if went {
                    self.decide_return(&ticket, summary, rng).await;
                }
            }
            Some(TaskState::PendingSign) => {
                note(summary, "签收 signed", signer.sign(v1::SignRequest { request_id, ticket }).await);
            }
            Some(TaskState::Signed) => {
                let ask = v1::ContactRequest {
                    request_id,
                    ticket,
                    outcome: ContactOutcome::Reached.number(),
                    text: String::new(),
                };
                note(summary, "先行联系 contacted", handler.contact(ask).await);
            }
            Some(TaskState::Contacted | TaskState::RejectedByLead) => {
                let empty = rng.random_bool(0.02);
                // Now and then a handler types a phone into the reply; the mask must take it out.
                let careless =
                    if rng.random_bool(0.1) { format!("联系电话{}0042。", super::PHONES) } else { String::new() };
                let reply = if empty {
                    String::new()
                } else {
                    format!("您反映的问题我单位已派员到现场核查并处理完毕,感谢您的监督。{careless}")
                };
                let ask = v1::SubmitResultRequest {
                    request_id,
                    ticket,
                    finding: Finding::True.number(),
                    demand: Demand::Lawful.number(),
                    outcome: Outcome::Solved.number(),
                    site_visit: SiteVisit::Yes.number(),
                    reply_means: ReplyMeans::Phone.number(),
                    reply,
                    internal: format!("已联系诉求人,现场整改完成。{careless}"),
                    public: true,
                    ..v1::SubmitResultRequest::default()
                };
                let act = if empty { "空白答复 empty reply tried" } else { "办结 result submitted" };
                note(summary, act, handler.submit_result(ask).await);
            }
            Some(TaskState::Submitted | TaskState::Accepted | TaskState::ReturnRequested | TaskState::Cancelled)
            | None => {}
        }
    }

    /// 初审 by one dispatcher, 终审 by another; 60 % are approved.
    async fn decide_return(&self, ticket: &str, summary: &mut Summary, rng: &mut StdRng) {
        let approve = rng.random_bool(0.6);
        let (mut first, mut second) = (self.dispatcher.clone(), self.second.clone());
        let ask = v1::ReviewReturnRequest {
            request_id: format!("city-{}", rng.random::<u64>()),
            ticket: ticket.to_owned(),
            approve,
        };
        note(summary, "退单初审 return reviewed", first.review_return(ask).await);
        let ask = v1::DecideReturnRequest {
            request_id: format!("city-{}", rng.random::<u64>()),
            ticket: ticket.to_owned(),
            approve,
            ..v1::DecideReturnRequest::default()
        };
        let act = if approve { "退单同意 return approved" } else { "退单驳回 return denied" };
        note(summary, act, second.decide_return(ask).await);
    }

    /// Call-back agents ask whoever is due.
    pub(super) async fn callbacks(&self, summary: &mut Summary, rng: &mut StdRng) {
        let look = || {
            let mut line = self.callback.clone();
            async move {
                let far = prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 };
                let ask = v1::ListSurveysRequest {
                    due_before: Some(far),
                    page_size: LOOK,
                    ..v1::ListSurveysRequest::default()
                };
                line.list_surveys(ask).await
            }
        };
        let Ok(page) = patiently(look).await else { return };
        for survey in page.into_inner().surveys {
            if survey.waits != 0 {
                continue;
            }
            let unhappy = rng.random_bool(0.08);
            let answers = v1::Answers {
                contacted: Some(true),
                solved: Some(if unhappy { 3 } else { 1 }),
                satisfied: Some(if unhappy { 4 } else { 2 }),
                attitude: Some(1),
                pressed_to_withdraw: false,
            };
            let ask = v1::RecordSurveyRequest {
                request_id: format!("city-{}", rng.random::<u64>()),
                ticket: survey.number,
                answers: Some(answers),
                means: SurveyMeans::Human.number(),
                comment: String::new(),
            };
            let act = if unhappy { "回访不满意 unhappy" } else { "回访满意 satisfied" };
            note(summary, act, self.callback.clone().record_survey(ask).await);
        }
    }
}

async fn channel_to(settings: &Settings, service: Service) -> anyhow::Result<Line> {
    Ok(channel(&settings.peer(service), settings).await?)
}

fn note<T>(summary: &mut Summary, act: &'static str, answer: Result<T, Status>) {
    match answer {
        Ok(_) => *summary.acts.entry(act).or_default() += 1,
        Err(status) => *summary.refused.entry(format!("{act} {:?}", status.code())).or_default() += 1,
    }
}
