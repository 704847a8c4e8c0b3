//! What a citizen sees behind the link: one thread, whoever works on it.

use suban_domain::{Fact, Recorded, State, TextId, Ticket, Timer};
use suban_proto::v1;
use suban_service::{status, view};
use suban_store::texts::TextKind;
use tonic::Status;

use crate::{api::Api, said::asks};

impl Api {
    /// What the citizen sees: a member sees its master's progress, never its number or other people (M2).
    pub(crate) async fn progress(&self, ticket: &Ticket) -> Result<v1::ProgressView, Status> {
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

    /// The parts of a split ticket, as the citizen is told of them.
    pub(crate) async fn parts(&self, parent: &Ticket) -> Result<Vec<v1::TicketPart>, Status> {
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
}

/// Is there an answer that the citizen may read?
const fn is_done(ticket: &Ticket) -> bool {
    matches!(ticket.state, State::PendingCallback | State::Closed | State::Archived | State::Answered)
}

/// The words of the answer: its own, or the one that it shares with its group.
pub(crate) fn reply_id(ticket: &Ticket) -> Option<TextId> {
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
