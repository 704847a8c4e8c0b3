//! Everybody who carries a ticket through its life, as fast as the faces answer: units, the hall, citizens.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use suban_domain::{
    Actor, ContactOutcome, Demand, Kind, Mode, Outcome, PersonCode, ReplyMeans, Role, SiteVisit, State, TaskRole,
    TaskState, TicketId, UnitCode,
};
use suban_proto::v1::{
    self, dispatch_service_client::DispatchServiceClient, followup_service_client::FollowupServiceClient,
    intake_service_client::IntakeServiceClient,
};
use suban_runtime::{
    Service,
    grpc::{Outgoing, channel},
};
use suban_text::Catalogue;
use tokio::{sync::mpsc, task::JoinSet};
use tonic::{service::interceptor::InterceptedService, transport::Channel as Line};
use uuid::Uuid;

use super::ground::Ground;
use crate::city;

type Named = InterceptedService<Line, Outgoing>;

/// Tasks of a unit that are worked on at once.
const HANDS: usize = 64;
/// A look at an empty inbox or queue is repeated after this.
const PAUSE: Duration = Duration::from_secs(1);
/// A task that its unit could not go on with, for others are not done, is looked at again after this, then after twice as
/// long each time.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(16));
/// Entries of an inbox that are looked at.
const PAGE: u32 = 200;
/// Tasks that wait for their unit, and for nobody else.
const MINE: [TaskState; 3] = [TaskState::PendingSign, TaskState::Signed, TaskState::Contacted];

/// One unit: who signs, and who handles.
pub(crate) struct Unit {
    code: UnitCode,
    signer: DispatchServiceClient<Named>,
    handler: DispatchServiceClient<Named>,
    reader: IntakeServiceClient<Named>,
}

impl Unit {
    /// Every unit that can be sent a ticket.
    pub(crate) async fn all(ground: &Ground) -> anyhow::Result<Vec<Self>> {
        let line = channel(&ground.settings.peer(Service::Dispatch), &ground.settings).await?;
        let intake = channel(&ground.settings.peer(Service::Intake), &ground.settings).await?;
        let mut units = Vec::new();
        for unit in ground.catalogue.units().iter().filter(|u| u.parent.is_none()) {
            let token = async |role: Role, name: &str| {
                let person = PersonCode::new(format!("{}-{name}", unit.code))?;
                let actor = Actor { role, person, unit: Some(unit.code.clone()), area: None };
                anyhow::Ok(Outgoing::new(&ground.store.create_token(&actor, &actor, false, None).await?.plain)?)
            };
            let (signer, handler) =
                (token(Role::UnitSigner, "signer").await?, token(Role::UnitHandler, "bench").await?);
            units.push(Self {
                code: unit.code.clone(),
                signer: DispatchServiceClient::with_interceptor(line.clone(), signer),
                handler: DispatchServiceClient::with_interceptor(line.clone(), handler.clone()),
                reader: IntakeServiceClient::with_interceptor(intake.clone(), handler),
            });
        }
        Ok(units)
    }

    /// Takes whatever lies in the inbox through to its result, until nobody waits any more.
    pub(crate) async fn work(self) {
        // What could not be done, for other units are not done yet, is left alone for a while.
        let mut refused: HashMap<String, (Instant, Duration)> = HashMap::new();
        loop {
            let ask = v1::InboxRequest {
                states: MINE.iter().map(|state| state.number()).collect(),
                page_size: PAGE,
                ..v1::InboxRequest::default()
            };
            let entries = match self.handler.clone().inbox(ask).await {
                Ok(reply) => reply.into_inner().entries,
                Err(_) => Vec::new(),
            };
            let now = Instant::now();
            let rests = |ticket: &String| refused.get(ticket).is_some_and(|(until, _)| *until > now);
            let entries = entries.into_iter().filter(|entry| !rests(&entry.number)).collect::<Vec<_>>();
            let handled = futures::stream::iter(entries).map(|entry| self.handle(entry)).buffer_unordered(HANDS);
            let handled: Vec<_> = handled.collect().await;
            if handled.iter().all(|(_, did)| !did) {
                tokio::time::sleep(PAUSE).await;
            }
            for (ticket, did) in handled {
                if did {
                    refused.remove(&ticket);
                } else {
                    let pause = refused.get(&ticket).map_or(AGAIN.0, |(_, last)| AGAIN.1.min(*last * 2));
                    refused.insert(ticket, (Instant::now() + pause, pause));
                }
            }
        }
    }

    /// Works on one task; answers which, and whether anything was done.
    async fn handle(&self, entry: v1::InboxEntry) -> (String, bool) {
        (entry.number.clone(), self.go_on(entry).await)
    }

    /// Signs, calls the citizen, hands the result in; goes on where it stands. Answers whether anything was done.
    async fn go_on(&self, entry: v1::InboxEntry) -> bool {
        let (mut signer, mut handler) = (self.signer.clone(), self.handler.clone());
        let (ticket, round) = (entry.number, entry.redo_round);
        // Several units work on one ticket, and a request id is the ticket's.
        let request_id = |verb: &str| format!("{verb}-{ticket}-{}-{round}", self.code);
        let from = TaskState::from_number(entry.task_state);
        if from == Some(TaskState::PendingSign) {
            let ask = v1::SignRequest { request_id: request_id("sign"), ticket: ticket.clone() };
            if signer.sign(ask).await.is_err() {
                return false;
            }
        }
        if matches!(from, Some(TaskState::PendingSign | TaskState::Signed)) {
            let ask = v1::ContactRequest {
                request_id: request_id("contact"),
                ticket: ticket.clone(),
                outcome: ContactOutcome::Reached.number(),
                text: String::new(),
            };
            if handler.contact(ask).await.is_err() {
                return false;
            }
        }
        if !matches!(from, Some(TaskState::PendingSign | TaskState::Signed | TaskState::Contacted)) {
            return false;
        }
        let finding = city::finding(Kind::from_number(entry.kind), 0);
        let because = if city::positive(finding) { "" } else { "经核实,情况如答复所述。" };
        let ask = v1::SubmitResultRequest {
            files: Vec::new(),
            request_id: request_id("result"),
            ticket: ticket.clone(),
            finding: finding.number(),
            finding_because: because.into(),
            demand: Demand::Lawful.number(),
            outcome: Outcome::Solved.number(),
            site_visit: SiteVisit::Yes.number(),
            reply_means: ReplyMeans::Phone.number(),
            reply: "我单位已派员到现场修复,并检查了周边,现已处理完毕,感谢您的监督。".into(),
            internal: "已联系诉求人,现场整改完成。".into(),
            public: true,
        };
        // A lead whose assisting units are at work takes their parts first, and hands in the next time round.
        handler.submit_result(ask).await.is_ok() || self.take_parts(&ticket).await
    }

    /// Accepts the parts that assisting units have handed in (F60); answers whether there was one.
    async fn take_parts(&self, ticket: &str) -> bool {
        let ask = v1::GetRequest { ticket: ticket.to_owned() };
        let Ok(view) = self.reader.clone().get(ask).await else { return false };
        let mut taken = false;
        for part in view.into_inner().tasks {
            let submitted = TaskState::from_number(part.state) == Some(TaskState::Submitted);
            if submitted && part.role == TaskRole::Assist.number() {
                let ask = v1::DecidePartRequest {
                    request_id: format!("part-{ticket}-{}", part.unit),
                    ticket: ticket.to_owned(),
                    unit: part.unit,
                    decision: v1::PartDecision::Accept.into(),
                    rating: 4,
                    reason: String::new(),
                };
                taken |= self.handler.clone().decide_part(ask).await.is_ok();
            }
        }
        taken
    }
}

/// The hall: sends what the rules would not.
pub(crate) struct Hall {
    line: DispatchServiceClient<Named>,
    catalogue: Catalogue,
    /// Takes what nobody else would.
    otherwise: Option<UnitCode>,
}

impl Hall {
    /// One dispatcher.
    pub(crate) async fn hire(ground: &Ground) -> anyhow::Result<Self> {
        let line = channel(&ground.settings.peer(Service::Dispatch), &ground.settings).await?;
        let token = Outgoing::new(&ground.token(Role::Dispatcher, "bench-dispatcher").await?)?;
        Ok(Self {
            line: DispatchServiceClient::with_interceptor(line, token),
            catalogue: ground.catalogue.clone(),
            otherwise: ground.catalogue.units().iter().find(|u| u.parent.is_none()).map(|u| u.code.clone()),
        })
    }

    /// Claims one after the other and sends it.
    pub(crate) async fn work(mut self) {
        for n in 0u64.. {
            let ask = v1::ClaimNextRequest {
                request_id: format!("bench-claim-{n}"),
                area: String::new(),
                urgencies: Vec::new(),
            };
            let claimed = self.line.claim_next(ask).await.ok().and_then(|reply| reply.into_inner().entry);
            let Some(entry) = claimed else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let Some(lead) = self.lead(&entry) else { continue };
            let ask = v1::DispatchRequest {
                request_id: format!("bench-send-{}", entry.number),
                ticket: entry.number,
                lead: lead.to_string(),
                mode: Mode::General.number(),
                ..v1::DispatchRequest::default()
            };
            // What moved on meanwhile is nobody's to send any more.
            let _ = self.line.dispatch(ask).await;
        }
    }

    fn lead(&self, entry: &v1::QueueEntry) -> Option<UnitCode> {
        let (matter, area) = (entry.matter.parse().ok(), entry.area.parse().ok());
        let lead = city::lead_by(&self.catalogue, matter.as_ref(), area.as_ref()).map(|l| l.unit);
        lead.or_else(|| self.otherwise.clone())
    }
}

/// Citizens: told when there is a result, and content with it.
pub(crate) struct Citizens {
    followup: FollowupServiceClient<Named>,
    intake: IntakeServiceClient<Named>,
}

impl Citizens {
    /// Their page's own token, and one that watches for them.
    pub(crate) async fn hire(ground: &Ground) -> anyhow::Result<Self> {
        let followup = channel(&ground.settings.peer(Service::Followup), &ground.settings).await?;
        let intake = channel(&ground.settings.peer(Service::Intake), &ground.settings).await?;
        let page = Outgoing::new(&ground.token(Role::CallbackBot, "bench-page").await?)?;
        let watch = Outgoing::new(&ground.token(Role::Supervisor, "bench-watch").await?)?;
        Ok(Self {
            followup: FollowupServiceClient::with_interceptor(followup, page),
            intake: IntakeServiceClient::with_interceptor(intake, watch),
        })
    }

    /// Tickets whose result was accepted, as it happens, until the stream ends.
    pub(crate) async fn results(&self) -> anyhow::Result<mpsc::UnboundedReceiver<TicketId>> {
        let ask = v1::WatchRequest { states: vec![State::PendingCallback.number()], ..v1::WatchRequest::default() };
        let mut changes = self.intake.clone().watch(ask).await?.into_inner();
        let (tell, told) = mpsc::unbounded_channel();
        let mut watching = JoinSet::new();
        watching.spawn(async move {
            while let Ok(Some(change)) = changes.message().await {
                let Ok(id) = Uuid::parse_str(&change.ticket_id) else { continue };
                if tell.send(TicketId::new(id)).is_err() {
                    return;
                }
            }
        });
        watching.detach_all();
        Ok(told)
    }

    /// Solved and satisfied. Answers whether that was taken.
    pub(crate) async fn rate(self: Arc<Self>, ticket: TicketId, link: String) -> (TicketId, bool) {
        let ask = v1::RateByLinkRequest {
            parts: Vec::new(),
            request_id: format!("rate-{ticket}"),
            token: link,
            answers: Some(v1::Answers {
                contacted: Some(true),
                solved: Some(1),
                satisfied: Some(2),
                attitude: Some(1),
                pressed_to_withdraw: false,
            }),
            comment: String::new(),
        };
        (ticket, self.followup.clone().rate_by_link(ask).await.is_ok())
    }
}
