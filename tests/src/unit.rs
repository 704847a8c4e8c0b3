//! A unit with its duty officer and its handler.

use suban_domain::{ContactOutcome, Demand, Finding, Outcome, ReplyMeans, ReturnReason, Role, SiteVisit, State};
use suban_proto::v1;
use tonic::Status;

use crate::{Case, City, Desk};

/// A unit at work.
pub struct Unit<'a> {
    city: &'a City,
    /// Its code.
    pub code: String,
    /// The duty officer.
    pub signer: Desk,
    /// The handler.
    pub handler: Desk,
}

/// A result that fits most demands, with this public reply.
#[must_use]
pub fn result(request_id: String, case: &Case, reply: &str) -> v1::SubmitResultRequest {
    v1::SubmitResultRequest {
        request_id,
        ticket: case.number.clone(),
        finding: Finding::True.number(),
        demand: Demand::Lawful.number(),
        outcome: Outcome::Solved.number(),
        site_visit: SiteVisit::Yes.number(),
        reply_means: ReplyMeans::Phone.number(),
        reply: reply.into(),
        internal: "已派员到现场处理。".into(),
        public: true,
        ..v1::SubmitResultRequest::default()
    }
}

/// What a unit answers when it has done its work well.
const REPLY: &str = "我单位已派员到现场修复,并检查了周边,现已处理完毕,感谢您的监督。";

impl<'a> Unit<'a> {
    pub(crate) async fn of(city: &'a City, code: &str) -> Self {
        Self {
            city,
            code: code.to_owned(),
            signer: city.desk(Role::UnitSigner, &format!("{code}-signer"), Some(code)).await,
            handler: city.desk(Role::UnitHandler, &format!("{code}-handler"), Some(code)).await,
        }
    }

    /// Who works on it, for calls that have no name here.
    #[must_use]
    pub const fn handler(&self) -> &Desk {
        &self.handler
    }

    /// Numbers of the tasks in the inbox.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn inbox(&self) -> Vec<String> {
        let page = self.handler.dispatch().inbox(v1::InboxRequest::default()).await.unwrap().into_inner();
        page.entries.into_iter().map(|entry| entry.number).collect()
    }

    /// Takes the task.
    ///
    /// # Panics
    /// When it may not.
    pub async fn signs(&self, case: &Case) {
        let ask = v1::SignRequest { request_id: self.city.request(), ticket: case.number.clone() };
        self.signer.dispatch().sign(ask).await.unwrap();
    }

    /// Looks at who it is, for a reason: name and phone.
    ///
    /// # Panics
    /// When it may not.
    pub async fn reveals(&self, case: &Case, reason: &str) -> (String, String) {
        let ask =
            v1::RevealRequest { request_id: self.city.request(), ticket: case.number.clone(), reason: reason.into() };
        let shown = self.handler.dispatch().reveal(ask).await.unwrap().into_inner();
        (shown.name, shown.phone)
    }

    /// Speaks with the citizen.
    ///
    /// # Panics
    /// When it may not.
    pub async fn contacts(&self, case: &Case) {
        let ask = v1::ContactRequest {
            request_id: self.city.request(),
            ticket: case.number.clone(),
            outcome: ContactOutcome::Reached.number(),
            text: String::new(),
        };
        self.handler.dispatch().contact(ask).await.unwrap();
    }

    /// Hands a result in.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn hands_in(&self, case: &Case, reply: &str) {
        self.handler.dispatch().submit_result(result(self.city.request(), case, reply)).await.unwrap();
    }

    /// Signs, speaks with the citizen, hands in, and the result is accepted.
    pub async fn handles(&self, case: &Case) {
        self.signs(case).await;
        self.does_again(case).await;
    }

    /// The same once the ticket is signed, or is to be done again.
    pub async fn does_again(&self, case: &Case) {
        self.contacts(case).await;
        self.hands_in(case, REPLY).await;
        self.city.becomes(case, State::PendingCallback).await;
    }

    /// Accepts what an assisting unit handed in.
    ///
    /// # Panics
    /// When it may not.
    pub async fn accepts_the_part_of(&self, case: &Case, assist: &str) {
        let ask = v1::DecidePartRequest {
            request_id: self.city.request(),
            ticket: case.number.clone(),
            unit: assist.into(),
            decision: v1::PartDecision::Accept as i32,
            rating: 5,
            reason: String::new(),
        };
        self.handler.dispatch().decide_part(ask).await.unwrap();
    }

    /// Says that it is not its own, but that unit's.
    ///
    /// # Panics
    /// When it may not.
    pub async fn asks_to_return(&self, case: &Case, to: &str) {
        self.tries_to_return(case, to).await.unwrap();
    }

    /// The same, where it may be refused.
    ///
    /// # Errors
    /// The refusal.
    pub async fn tries_to_return(&self, case: &Case, to: &str) -> Result<(), Status> {
        let ask = v1::RequestReturnRequest {
            request_id: self.city.request(),
            ticket: case.number.clone(),
            reason: ReturnReason::NotMyDuty.number(),
            evidence: "经核实不属于本单位职责范围,建议转有关单位办理".into(),
            suggested_unit: to.into(),
        };
        self.signer.dispatch().request_return(ask).await.map(drop)
    }
}
