//! The gRPC face: each method one step of a demand's life before and beside its handling.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use suban_domain::{
    Action, AreaCode, At, Audience, Command, Element, Kind, MatterCode, Reading, RejectReason, TextId, Ticket, Urgency,
    VersionCode,
};
use suban_proto::{
    edge,
    v1::{self, intake_service_server::IntakeService},
};
use suban_runtime::{
    access::{Caller, caller},
    errors,
};
use suban_service::{App, Asked, Said, request_id, status, view};
use suban_store::texts::TextKind;
use suban_text::ToRead;
use tonic::{Request, Response, Status, Streaming};

use crate::{contacts, history, list};

/// Answers IntakeService.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl IntakeService for Api {
    type SubmitStreamStream = Pin<Box<dyn Stream<Item = Result<v1::SubmitResult, Status>> + Send>>;
    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::TicketChange, Status>> + Send>>;

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Answer<v1::SubmitReply> {
        let caller = who(&request)?;
        self.submit_one(&caller, request.into_inner()).await.map(Response::new)
    }

    async fn submit_stream(
        &self,
        request: Request<Streaming<v1::SubmitRequest>>,
    ) -> Answer<Self::SubmitStreamStream> {
        let caller = who(&request)?;
        let answers = self.submit_many(caller, request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn record_contact(&self, request: Request<v1::RecordContactRequest>) -> Answer<v1::RecordContactReply> {
        let caller = who(&request)?;
        contacts::record(&self.app, &caller, request.into_inner()).await.map(Response::new)
    }

    async fn lookup_caller(&self, request: Request<v1::LookupCallerRequest>) -> Answer<v1::LookupCallerReply> {
        let caller = who(&request)?;
        contacts::lookup(&self.app, &caller, &request.into_inner().phone).await.map(Response::new)
    }

    async fn accept(&self, request: Request<v1::AcceptRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let kind = edge::choice_present::<Kind>(ask.kind).map_err(|e| errors::invalid("kind", e))?;
        let matter = edge::given::<MatterCode>(&ask.matter).map_err(|e| errors::invalid("matter", e))?;
        let area = edge::given::<AreaCode>(&ask.area).map_err(|e| errors::invalid("area", e))?;
        let version = VersionCode::new("by-hand").map_err(|e| errors::internal(&e))?;
        let reading = Reading { kind, matter, area, version };
        self.do_it(&caller, &ask.request_id, &ask.ticket, Vec::new(), move |_| Action::Accept {
            reading: reading.clone(),
        })
        .await
    }

    async fn answer(&self, request: Request<v1::AnswerRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let known = ask.from_knowledge_base;
        let said = vec![Said { field: "reply", kind: TextKind::Answer, raw: &ask.reply }];
        self.do_it(&caller, &ask.request_id, &ask.ticket, said, move |texts| Action::Answer {
            reply: first(texts),
            from_knowledge_base: known,
        })
        .await
    }

    async fn ask_info(&self, request: Request<v1::AskInfoRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let missing = edge::choices::<Element>(&ask.missing).map_err(|e| errors::invalid("missing", e))?;
        self.do_it(&caller, &ask.request_id, &ask.ticket, Vec::new(), move |_| Action::AskInfo {
            missing: missing.clone(),
        })
        .await
    }

    async fn reject(&self, request: Request<v1::RejectRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let reason = edge::choice::<RejectReason>(ask.reason).map_err(|e| errors::invalid("reason", e))?;
        let mut said = Vec::new();
        if !ask.lawful_channel.is_empty() {
            said.push(Said { field: "lawful_channel", kind: TextKind::Reason, raw: &ask.lawful_channel });
        }
        self.do_it(&caller, &ask.request_id, &ask.ticket, said, move |texts| Action::Reject {
            reason,
            channel: texts.first().copied(),
        })
        .await
    }

    async fn transfer_out(&self, request: Request<v1::TransferOutRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let target = VersionCode::new(ask.target.as_str()).map_err(|e| errors::invalid("target", e))?;
        let said = vec![Said { field: "taker", kind: TextKind::Taker, raw: &ask.taker }];
        self.do_it(&caller, &ask.request_id, &ask.ticket, said, move |texts| Action::TransferOut {
            target: target.clone(),
            taker: first(texts),
        })
        .await
    }

    async fn urge(&self, request: Request<v1::UrgeRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        // An agent who takes the call urges in the citizen's name.
        let caller = in_the_citizens_name(&caller);
        let urged = self.do_it(&caller, &ask.request_id, &ask.ticket, Vec::new(), |_| Action::Urge).await?;
        if !ask.text.trim().is_empty() {
            let said = vec![Said { field: "text", kind: TextKind::Supplement, raw: &ask.text }];
            let request_id = format!("{}:words", ask.request_id);
            return self
                .do_it(&caller, &request_id, &ask.ticket, said, |texts| Action::Supplement { texts: texts.to_vec() })
                .await;
        }
        Ok(urged)
    }

    async fn supplement(&self, request: Request<v1::SupplementRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let said = vec![Said { field: "text", kind: TextKind::Supplement, raw: &ask.text }];
        self.do_it(&caller, &ask.request_id, &ask.ticket, said, |texts| Action::Supplement { texts: texts.to_vec() })
            .await
    }

    async fn amend(&self, request: Request<v1::AmendRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let kind = edge::choice_present::<Kind>(ask.kind).map_err(|e| errors::invalid("kind", e))?;
        let urgency = edge::choice_present::<Urgency>(ask.urgency).map_err(|e| errors::invalid("urgency", e))?;
        let code = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let matter = edge::given::<MatterCode>(&code(ask.matter.as_deref())).map_err(|e| errors::invalid("matter", e))?;
        let area = edge::given::<AreaCode>(&code(ask.area.as_deref())).map_err(|e| errors::invalid("area", e))?;
        let point = edge::point(ask.point).map_err(|e| errors::invalid("point", e))?;
        let flags = match ask.flags {
            Some(flags) => Some(edge::flags(Some(flags)).map_err(|e| errors::invalid("flags", e))?),
            None => None,
        };
        let mut said = Vec::new();
        if let Some(title) = ask.title.as_deref() {
            said.push(Said { field: "title", kind: TextKind::Title, raw: title });
        }
        self.do_it(&caller, &ask.request_id, &ask.ticket, said, move |texts| Action::Amend {
            kind,
            urgency,
            matter: matter.clone(),
            area: area.clone(),
            point,
            flags,
            title: texts.first().copied(),
        })
        .await
    }

    async fn note(&self, request: Request<v1::NoteRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let audience = edge::choice::<Audience>(ask.audience).map_err(|e| errors::invalid("audience", e))?;
        let said = vec![Said { field: "text", kind: TextKind::Note, raw: &ask.text }];
        self.do_it(&caller, &ask.request_id, &ask.ticket, said, move |texts| Action::Note {
            text: first(texts),
            audience,
        })
        .await
    }

    async fn withdraw(&self, request: Request<v1::WithdrawRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let confirmed = ask.confirmed;
        self.do_it(&caller, &ask.request_id, &ask.ticket, Vec::new(), move |_| Action::Withdraw { confirmed }).await
    }

    async fn appeal(&self, request: Request<v1::AppealRequest>) -> Answer<v1::CommandReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let caller = in_the_citizens_name(&caller);
        let said = vec![Said { field: "text", kind: TextKind::Supplement, raw: &ask.text }];
        let appealed = self.do_it(&caller, &ask.request_id, &ask.ticket, Vec::new(), |_| Action::Appeal).await?;
        if ask.text.trim().is_empty() {
            return Ok(appealed);
        }
        let request_id = format!("{}:words", ask.request_id);
        self.do_it(&caller, &request_id, &ask.ticket, said, |texts| Action::Supplement { texts: texts.to_vec() }).await
    }

    async fn get(&self, request: Request<v1::GetRequest>) -> Answer<v1::TicketView> {
        let caller = who(&request)?;
        let ticket = self.app.ticket("ticket", &request.into_inner().ticket).await?;
        self.app.show(&caller, &ticket).await.map(Response::new)
    }

    async fn list(&self, request: Request<v1::ListRequest>) -> Answer<v1::ListReply> {
        let caller = who(&request)?;
        list::list(&self.app, &caller, request.into_inner()).await.map(Response::new)
    }

    async fn history(&self, request: Request<v1::HistoryRequest>) -> Answer<v1::HistoryReply> {
        let caller = who(&request)?;
        let ask = request.into_inner();
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        view::may_read(&caller, &ticket)?;
        let log = self.app.store.log(ticket.id, ask.after_version).await.map_err(|e| status(&e))?;
        let page = match ask.page_size {
            0 => log.len(),
            n => n as usize,
        };
        Ok(Response::new(v1::HistoryReply {
            more: log.len() > page,
            entries: log.iter().take(page).map(history::entry).collect(),
        }))
    }

    async fn watch(&self, _: Request<v1::WatchRequest>) -> Answer<Self::WatchStream> {
        Err(Status::unimplemented("Watch is not built yet; ask List or Get again"))
    }
}

impl Api {
    /// Words that were added may speak of danger: the urgency rises, and never falls, by the system's hand.
    pub(crate) async fn raise_urgency(&self, ticket: &Ticket, words: &str, at: At) -> Result<(), Status> {
        let hint = self.app.catalogues.now().and_then(|f| f.reader.read(&ToRead::words(words)).urgency_hint);
        let Some(urgency) = hint.filter(|u| *u > ticket.urgency && ticket.state.is_open()) else { return Ok(()) };
        let request = request_id(&format!("danger:{}", ticket.version))?;
        let raise = Action::Amend {
            kind: None,
            urgency: Some(urgency),
            matter: None,
            area: None,
            point: None,
            flags: None,
            title: None,
        };
        let by = App::system();
        let raised = self
            .app
            .store
            .act(ticket.id, &self.app.limits, |_| {
                Ok(Command { by: by.clone(), at, request: request.clone(), action: raise.clone() })
            })
            .await;
        match raised {
            Ok(_) | Err(suban_store::StoreError::Refused(_)) => Ok(()),
            Err(error) => Err(status(&error)),
        }
    }

    async fn do_it(
        &self,
        caller: &Caller,
        request_id: &str,
        ticket: &str,
        said: Vec<Said<'_>>,
        action: impl Fn(&[TextId]) -> Action + Send + Sync + 'static,
    ) -> Answer<v1::CommandReply> {
        let asked = Asked { caller, request_id, ticket, said };
        self.app.act(asked, move |_, texts| action(texts)).await.map(Response::new)
    }
}

fn who<T>(request: &Request<T>) -> Result<Arc<Caller>, Status> {
    caller(request).map(|c| Arc::new(c.clone()))
}

/// What an agent enters for a citizen on the phone is the citizen's act (F40, F49), under the agent's account.
fn in_the_citizens_name(caller: &Arc<Caller>) -> Arc<Caller> {
    use suban_domain::{Actor, Role};
    if caller.actor.role != Role::Agent {
        return Arc::clone(caller);
    }
    let actor = Actor { role: Role::Citizen, ..caller.actor.clone() };
    Arc::new(Caller { actor, ..(**caller).clone() })
}

/// The one text of a command that has one.
fn first(texts: &[TextId]) -> TextId {
    texts.first().copied().unwrap_or_else(|| TextId::new(uuid::Uuid::nil()))
}
