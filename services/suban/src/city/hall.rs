//! The hall: dispatchers work the people's queue, supervisors and arbiters what comes to them.

use suban_domain::{State, UnitCode};
use suban_proto::v1::{self, QueueReason};

use super::{
    lead_by, one_of,
    staff::{Staff, call},
};

/// Entries that one look may take, so that the other desks get their turn.
const LOOK: usize = 100;

impl Staff {
    /// Takes what waits for people, one after the other, until nothing is left.
    pub(super) async fn hall(&self) {
        self.review_suggestions().await;
        for _ in 0..LOOK {
            let ask = v1::ClaimNextRequest {
                request_id: self.request_id("claim"),
                area: String::new(),
                urgencies: Vec::new(),
            };
            let claimed = call(&self.dispatcher, ask, |mut line, ask| async move { line.claim_next(ask).await }).await;
            // Not found: nothing waits. Anything else: the queue is looked at again in a moment.
            let Ok(v1::ClaimReply { entry: Some(entry) }) = claimed else { return };
            match State::from_number(entry.state) {
                Some(State::PendingDispatch) if entry.reason() == QueueReason::SuggestedDuplicate => {
                    self.compare(&entry).await;
                }
                Some(State::PendingDispatch) if entry.reason() == QueueReason::Several => self.split(&entry).await,
                Some(State::PendingDispatch) => self.dispatch(&entry).await,
                Some(State::ReturnReview) => self.decide_return(&entry.number).await,
                Some(State::CloseReview) => self.review_result(&entry.number).await,
                Some(State::Received) => self.accept(entry.number).await,
                Some(State::InDispute) => self.rule(&entry).await,
                Some(
                    State::NeedInfo
                    | State::Rejected
                    | State::TransferredOut
                    | State::Answered
                    | State::MergedMember
                    | State::PendingSign
                    | State::Handling
                    | State::Suspended
                    | State::Consolidating
                    | State::PendingVerify
                    | State::PendingCallback
                    | State::Redo
                    | State::SupervisedRedo
                    | State::Closed
                    | State::Archived
                    | State::Cancelled
                    | State::ReturnedUpstream,
                )
                | None => {}
            }
        }
    }

    /// The unit that should have it: named by the one that gave it back, else the catalogue's, else anybody.
    fn lead_for(&self, entry: &v1::QueueEntry) -> Option<UnitCode> {
        let known = self.book.known(&entry.number);
        let suggested = known.suggested.and_then(|unit| UnitCode::new(unit.as_str()).ok());
        let matter = entry.matter.parse().ok();
        let area = entry.area.parse().ok();
        let by_catalogue = || lead_by(&self.catalogue, matter.as_ref(), area.as_ref()).map(|lead| lead.unit);
        let anybody = || one_of(&self.units, &mut self.chance(known.fate.seed, 1)).map(|unit| unit.code.clone());
        suggested.or_else(by_catalogue).or_else(anybody)
    }

    /// Several demands in one text: each becomes a ticket of its own; what turns out to be one is sent as it is.
    async fn split(&self, entry: &v1::QueueEntry) {
        let ask = v1::ProposeSplitRequest { ticket: entry.number.clone() };
        let proposal = call(&self.dispatcher, ask, |mut line, ask| async move { line.propose_split(ask).await }).await;
        let parts = proposal.map(|proposal| proposal.parts).unwrap_or_default();
        if parts.len() < 2 {
            return self.dispatch(entry).await;
        }
        let part = |part: v1::ProposedPart| v1::SplitPart {
            text: part.text,
            matter: part.matter,
            area: part.area,
            kind: None,
        };
        let ask = v1::SplitRequest {
            request_id: self.request_id("split"),
            ticket: entry.number.clone(),
            parts: parts.into_iter().map(part).collect(),
        };
        let split = call(&self.dispatcher, ask, |mut line, ask| async move { line.split(ask).await }).await;
        self.board.note("拆单 split", &split);
    }

    /// A ticket that waits because it may be a duplicate; where nothing is suggested any more, a dispatcher sends it.
    async fn compare(&self, entry: &v1::QueueEntry) {
        let ask = v1::ListSuggestionsRequest { ticket: entry.number.clone(), ..v1::ListSuggestionsRequest::default() };
        let shown = call(&self.reviewer, ask, |mut line, ask| async move { line.list_suggestions(ask).await }).await;
        let settled = match shown.ok().and_then(|shown| shown.suggestions.into_iter().next()) {
            Some(suggestion) => self.settle(&suggestion).await,
            None => false,
        };
        if !settled {
            self.dispatch(entry).await;
        }
    }

    /// What went to its unit before it was judged, because it pressed, may be a duplicate as well.
    async fn review_suggestions(&self) {
        let ask = v1::ListSuggestionsRequest::default();
        let shown = call(&self.reviewer, ask, |mut line, ask| async move { line.list_suggestions(ask).await }).await;
        for suggestion in shown.map(|shown| shown.suggestions).unwrap_or_default() {
            if suggestion.state() != v1::State::PendingDispatch {
                self.settle(&suggestion).await;
            }
        }
    }

    /// A reviewer sees both side by side and knows an event when it is the same; what is none goes on by itself.
    /// Answers whether that was possible.
    async fn settle(&self, suggestion: &v1::Suggestion) -> bool {
        let number = &suggestion.number;
        let same = suggestion.candidates.iter().find(|c| self.book.same_event(number, &c.number));
        let Some(same) = same else {
            let ask = v1::RejectSuggestionRequest {
                request_id: self.request_id("two-matters"),
                ticket: number.clone(),
                other: String::new(),
                reason: self.words.tongue.two_matters.into(),
            };
            let none =
                call(&self.reviewer, ask, |mut line, ask| async move { line.reject_suggestion(ask).await }).await;
            return self.board.note("疑似重复排除 suggested duplicate rejected", &none);
        };
        if !mergeable(same.class()) {
            return false;
        }
        let ask = v1::MergeRequest {
            request_id: self.request_id("one-matter"),
            member: number.clone(),
            master: same.number.clone(),
            class: same.class,
            reason: self.words.tongue.one_matter.into(),
        };
        let merged = call(&self.reviewer, ask, |mut line, ask| async move { line.merge(ask).await }).await;
        self.board.note("疑似重复确认 suggested duplicate confirmed", &merged)
    }

    async fn dispatch(&self, entry: &v1::QueueEntry) {
        let Some(lead) = self.lead_for(entry) else { return };
        let ask = v1::DispatchRequest {
            request_id: self.request_id("send"),
            ticket: entry.number.clone(),
            lead: lead.to_string(),
            mode: suban_domain::Mode::General.number(),
            ..v1::DispatchRequest::default()
        };
        let sent = call(&self.dispatcher, ask, |mut line, ask| async move { line.dispatch(ask).await }).await;
        if self.board.note("人工分拨 dispatched by hand", &sent) {
            *self.board.lock().by_hand.entry(reason(entry.reason())).or_default() += 1;
        }
    }

    /// 初审 by one dispatcher, 终审 by another.
    async fn decide_return(&self, number: &str) {
        let approve = self.book.known(number).fate.returned.is_none_or(|(_, approved)| approved);
        let ask = v1::ReviewReturnRequest { request_id: self.request_id("review"), ticket: number.to_owned(), approve };
        let seen = call(&self.dispatcher, ask, |mut line, ask| async move { line.review_return(ask).await }).await;
        self.board.note("退单初审 return reviewed", &seen);
        let ask = v1::DecideReturnRequest {
            request_id: self.request_id("decide"),
            ticket: number.to_owned(),
            approve,
            ..v1::DecideReturnRequest::default()
        };
        let act = if approve { "退单同意 return approved" } else { "退单驳回 return denied" };
        let decided = call(&self.second, ask, |mut line, ask| async move { line.decide_return(ask).await }).await;
        self.board.note(act, &decided);
    }

    /// Rules found something in the reply: empty talk goes back once.
    async fn review_result(&self, number: &str) {
        if self.book.known(number).fate.empty && self.book.first(number, "rewritten") {
            let ask = v1::RejectResultRequest {
                request_id: self.request_id("rewrite"),
                ticket: number.to_owned(),
                findings: Vec::new(),
                note: "答复空泛,未说明处理情况,退回重写".into(),
            };
            let back = call(&self.dispatcher, ask, |mut line, ask| async move { line.reject_result(ask).await }).await;
            self.board.note("退回重写 result sent back", &back);
        } else {
            let ask = v1::AcceptResultRequest { request_id: self.request_id("accept"), ticket: number.to_owned() };
            let done = call(&self.dispatcher, ask, |mut line, ask| async move { line.accept_result(ask).await }).await;
            self.board.note("人工审核办结 result accepted by hand", &done);
        }
    }

    async fn accept(&self, ticket: String) {
        let ask = v1::AcceptRequest { request_id: self.request_id("take-in"), ticket, ..v1::AcceptRequest::default() };
        let taken = call(&self.agent, ask, |mut line, ask| async move { line.accept(ask).await }).await;
        self.board.note("人工受理 accepted by hand", &taken);
    }

    /// Who quarrels is heard first; the ruling waits for the time they have.
    async fn rule(&self, entry: &v1::QueueEntry) {
        let Some(lead) = self.lead_for(entry) else { return };
        let ask = v1::RuleRequest {
            request_id: self.request_id("rule"),
            ticket: entry.number.clone(),
            lead: lead.to_string(),
            assists: Vec::new(),
            rule: String::new(),
            grounds: self.words.tongue.ruling.into(),
        };
        let ruled = call(&self.arbiter, ask, |mut line, ask| async move { line.rule(ask).await }).await;
        self.board.note("争议裁定 ruled", &ruled);
    }

    /// A dispatcher sees that it went the wrong way.
    pub(super) async fn recall(&self, number: &str, seed: u64) {
        let why = one_of(self.words.tongue.recall, &mut self.chance(seed, 2)).copied().unwrap_or_default();
        let ask = v1::RecallRequest {
            request_id: self.request_id("recall"),
            ticket: number.to_owned(),
            reason: why.to_owned(),
        };
        let back = call(&self.dispatcher, ask, |mut line, ask| async move { line.recall(ask).await }).await;
        self.board.note("撤回派单 recalled", &back);
    }
}

/// Is it one matter that may be handled as one, rather than one that was handled already?
const fn mergeable(class: v1::DuplicateClass) -> bool {
    matches!(class, v1::DuplicateClass::D1 | v1::DuplicateClass::D3)
}

/// Why it waited for a person.
const fn reason(reason: QueueReason) -> &'static str {
    match reason {
        QueueReason::Unspecified => "–",
        QueueReason::UnknownMatter => "事项不明 matter unknown",
        QueueReason::UnknownArea => "地点不明 place unknown",
        QueueReason::NoSingleUnit => "无唯一承办单位 no single unit",
        QueueReason::Flag => "特殊标记 flagged",
        QueueReason::Returned => "退单或撤回 returned or recalled",
        QueueReason::Review => "待审核 review",
        QueueReason::SuggestedDuplicate => "疑似重复 suggested duplicate",
        QueueReason::Acceptance => "待受理 acceptance",
        QueueReason::Dispute => "职责争议 dispute",
        QueueReason::Doubt => "目录存疑 rule in doubt",
        QueueReason::Check => "抽检 check",
        QueueReason::Several => "疑含多个诉求 several demands",
    }
}
