//! The gRPC face: each method names the room that does it.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use suban_domain::Role;
use suban_proto::v1::{self, intake_service_server::IntakeService};
use suban_runtime::{
    access::{Caller, caller},
    errors,
};
use suban_service::{App, history, language_model::LanguageModel, status, view};
use tonic::{Request, Response, Status, Streaming};

use crate::{attachments::Room, search::Finder, watch::Feed};

/// Answers IntakeService.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) feed: Feed,
    pub(crate) language_model: Option<LanguageModel>,
    pub(crate) room: Room,
    pub(crate) finder: Finder,
}

/// Answers that go on.
pub(crate) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

/// Who asks, and what.
fn open<T>(request: Request<T>) -> Result<(Arc<Caller>, T), Status> {
    let who = Arc::new(caller(&request)?.clone());
    Ok((who, request.into_inner()))
}

#[tonic::async_trait]
impl IntakeService for Api {
    type SubmitStreamStream = Answers<v1::SubmitResult>;
    type WatchStream = Answers<v1::TicketChange>;
    type ReadAttachmentStream = Answers<v1::AttachmentPart>;
    type ReadAttachmentByLinkStream = Answers<v1::AttachmentPart>;

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitReply>, Status> {
        let (caller, ask) = open(request)?;
        self.submit_one(&caller, ask).await.map(Response::new)
    }

    async fn submit_stream(
        &self,
        request: Request<Streaming<v1::SubmitRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let (caller, demands) = open(request)?;
        Ok(Response::new(Box::pin(self.submit_many(caller, demands))))
    }

    async fn record_contact(
        &self,
        request: Request<v1::RecordContactRequest>,
    ) -> Result<Response<v1::RecordContactReply>, Status> {
        let (caller, ask) = open(request)?;
        self.keep_contact(&caller, &ask).await.map(Response::new)
    }

    async fn lookup_caller(
        &self,
        request: Request<v1::LookupCallerRequest>,
    ) -> Result<Response<v1::LookupCallerReply>, Status> {
        let (caller, ask) = open(request)?;
        self.who_calls(&caller, &ask).await.map(Response::new)
    }

    async fn read_draft(&self, request: Request<v1::ReadDraftRequest>) -> Result<Response<v1::Draft>, Status> {
        let (caller, ask) = open(request)?;
        self.help(&caller, &ask).await.map(Response::new)
    }

    async fn accept(&self, request: Request<v1::AcceptRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_accept(&caller, ask).await.map(Response::new)
    }

    async fn answer(&self, request: Request<v1::AnswerRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_answer(&caller, ask).await.map(Response::new)
    }

    async fn ask_info(&self, request: Request<v1::AskInfoRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_ask_info(&caller, ask).await.map(Response::new)
    }

    async fn reject(&self, request: Request<v1::RejectRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_reject(&caller, ask).await.map(Response::new)
    }

    async fn transfer_out(
        &self,
        request: Request<v1::TransferOutRequest>,
    ) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_transfer_out(&caller, ask).await.map(Response::new)
    }

    async fn urge(&self, request: Request<v1::UrgeRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_urge(&caller, ask).await.map(Response::new)
    }

    async fn supplement(&self, request: Request<v1::SupplementRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_supplement(&caller, ask).await.map(Response::new)
    }

    async fn amend(&self, request: Request<v1::AmendRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_amend(&caller, ask).await.map(Response::new)
    }

    async fn note(&self, request: Request<v1::NoteRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_note(&caller, ask).await.map(Response::new)
    }

    async fn withdraw(&self, request: Request<v1::WithdrawRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_withdraw(&caller, ask).await.map(Response::new)
    }

    async fn appeal(&self, request: Request<v1::AppealRequest>) -> Result<Response<v1::CommandReply>, Status> {
        let (caller, ask) = open(request)?;
        self.do_appeal(&caller, ask).await.map(Response::new)
    }

    async fn get(&self, request: Request<v1::GetRequest>) -> Result<Response<v1::TicketView>, Status> {
        let (caller, ask) = open(request)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        self.app.show(&caller, &ticket).await.map(Response::new)
    }

    async fn list(&self, request: Request<v1::ListRequest>) -> Result<Response<v1::ListReply>, Status> {
        let (caller, ask) = open(request)?;
        self.page(&caller, &ask).await.map(Response::new)
    }

    async fn search(&self, request: Request<v1::SearchRequest>) -> Result<Response<v1::SearchReply>, Status> {
        let (caller, ask) = open(request)?;
        self.find(&caller, &ask).await.map(Response::new)
    }

    async fn history(&self, request: Request<v1::HistoryRequest>) -> Result<Response<v1::HistoryReply>, Status> {
        let (caller, ask) = open(request)?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let reading = view::may_read(&caller, &ticket)?;
        let log = self.app.store.log(ticket.id, ask.after_version).await.map_err(|e| status(&e))?;
        let at_most = match ask.page_size {
            0 => history::PAGE,
            n if n <= history::PAGE => n,
            _ => return Err(errors::invalid("page_size", format!("must be at most {}", history::PAGE))),
        };
        let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
        let page: Vec<_> = log.iter().take(at_most).collect();
        let texts: Vec<_> = page.iter().flat_map(|r| history::tell(&r.event.fact).texts).map(|(_, id)| id).collect();
        let masked = self.app.store.masked(&texts).await.map_err(|e| status(&e))?;
        Ok(Response::new(v1::HistoryReply {
            entries: page.iter().map(|r| history::entry(r, reading, &masked)).collect(),
            more: log.len() > at_most,
        }))
    }

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let (caller, ask) = open(request)?;
        staff_only(&caller, "watches tickets")?;
        let wanted = self.wanted_changes(&ask).await?;
        Ok(Response::new(Box::pin(self.feed.follow(caller, wanted).await?)))
    }

    async fn add_attachment(
        &self,
        request: Request<Streaming<v1::AddAttachmentRequest>>,
    ) -> Result<Response<v1::AddAttachmentReply>, Status> {
        let (caller, parts) = open(request)?;
        self.add_file(&caller, parts).await.map(Response::new)
    }

    async fn list_attachments(
        &self,
        request: Request<v1::ListAttachmentsRequest>,
    ) -> Result<Response<v1::ListAttachmentsReply>, Status> {
        let (caller, ask) = open(request)?;
        self.list_files(&caller, &ask).await.map(Response::new)
    }

    async fn read_attachment(
        &self,
        request: Request<v1::ReadAttachmentRequest>,
    ) -> Result<Response<Self::ReadAttachmentStream>, Status> {
        let (caller, ask) = open(request)?;
        self.read_file(&caller, &ask).await.map(Response::new)
    }

    async fn link_attachment(
        &self,
        request: Request<v1::LinkAttachmentRequest>,
    ) -> Result<Response<v1::AttachmentLink>, Status> {
        let (caller, ask) = open(request)?;
        self.link_file(&caller, &ask).await.map(Response::new)
    }

    async fn read_attachment_by_link(
        &self,
        request: Request<v1::ReadAttachmentByLinkRequest>,
    ) -> Result<Response<Self::ReadAttachmentByLinkStream>, Status> {
        let (caller, ask) = open(request)?;
        self.read_file_by_link(&caller, &ask).await.map(Response::new)
    }
}

/// Lists and live changes are for who works here; a citizen sees one ticket through its link.
pub(crate) fn staff_only(caller: &Caller, does: &str) -> Result<(), Status> {
    match caller.actor.role {
        role @ (Role::Citizen | Role::IntakeBot) => {
            Err(errors::denied("ROLE", format!("only staff {does}; the role is {role}")))
        }
        Role::Agent
        | Role::Dispatcher
        | Role::MergeReviewer
        | Role::UnitSigner
        | Role::UnitHandler
        | Role::UnitLead
        | Role::Arbiter
        | Role::Supervisor
        | Role::Verifier
        | Role::Callback
        | Role::CallbackBot
        | Role::Qa
        | Role::KpiAdmin
        | Role::Analyst
        | Role::Leader
        | Role::SysAdmin
        | Role::SecAdmin
        | Role::Auditor
        | Role::System => Ok(()),
    }
}
