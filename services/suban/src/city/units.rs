//! Units: signers look into the inbox, handlers contact the citizen, do the work and hand in the result.

use std::time::Duration;

use futures::StreamExt as _;
use suban_domain::{
    At, ContactOutcome, Demand, Finding, Kind, Outcome, ReplyMeans, ReturnReason, SiteVisit, State, TaskRole, TaskState,
};
use suban_proto::v1;
use suban_text::catalogue::UnitKind;
use tonic::Code;

use super::{
    book::Known,
    one_of,
    staff::{Staff, Unit, call},
    words::naming,
};

/// Units at work at once.
const AT_ONCE: usize = 16;
/// Tasks a look.
const LOOK: u32 = 200;
/// The longest real time for which a unit forgets to sign: on a clock that does not run, it signs.
const FORGETS: Duration = Duration::from_secs(90);

impl Staff {
    /// Every unit looks into its inbox and takes each task as far as it goes.
    pub(super) async fn units(&self) {
        futures::stream::iter(&self.units)
            .for_each_concurrent(AT_ONCE, |unit| async move {
                let ask = v1::InboxRequest { page_size: LOOK, ..v1::InboxRequest::default() };
                let inbox = call(&unit.handler, ask, |mut line, ask| async move { line.inbox(ask).await }).await;
                let Ok(inbox) = inbox else { return };
                for entry in inbox.entries {
                    self.task(unit, &entry).await;
                }
            })
            .await;
    }

    async fn task(&self, unit: &Unit, entry: &v1::InboxEntry) {
        let known = self.book.known(&entry.number);
        let mut state = TaskState::from_number(entry.task_state);
        let leads = TaskRole::from_number(entry.role) == Some(TaskRole::Lead);
        // Who assists hands in when the lead is at work, not while it may still give the ticket back.
        let at_work = matches!(
            State::from_number(entry.state),
            Some(State::Handling | State::Consolidating | State::Redo | State::SupervisedRedo)
        );
        loop {
            state = match state {
                Some(TaskState::PendingSign) if leads && self.first_look(unit, entry, &known).await => return,
                Some(TaskState::PendingSign) => {
                    let ask = v1::SignRequest { request_id: self.request_id("sign"), ticket: entry.number.clone() };
                    let signed = call(&unit.signer, ask, |mut line, ask| async move { line.sign(ask).await }).await;
                    if !self.board.note("签收 signed", &signed) {
                        return;
                    }
                    Some(TaskState::Signed)
                }
                Some(TaskState::Signed) if leads && entry.reachable => {
                    if !self.contact(unit, entry, &known).await {
                        return;
                    }
                    Some(TaskState::Contacted)
                }
                Some(TaskState::Signed | TaskState::Contacted | TaskState::RejectedByLead) => {
                    if if leads { self.parts_done(unit, &entry.number).await } else { at_work } {
                        self.result(unit, entry, &known, leads).await;
                    }
                    return;
                }
                Some(
                    TaskState::Submitted | TaskState::Accepted | TaskState::ReturnRequested | TaskState::Cancelled,
                )
                | None => return,
            };
        }
    }

    /// What may happen to a task before it is signed; answers whether something did.
    async fn first_look(&self, unit: &Unit, entry: &v1::InboxEntry, known: &Known) -> bool {
        if entry.redo_round > 0 {
            return false;
        }
        let (number, fate) = (&entry.number, &known.fate);
        if fate.late && self.in_time(entry) {
            if self.book.first(number, "forgotten") {
                *self.board.lock().acts.entry("逾期未签收 forgotten by the unit").or_default() += 1;
            }
            return true;
        }
        if fate.recalled && self.book.first(number, "recalled") {
            self.recall(number, fate.seed).await;
            return true;
        }
        if let Some((reason, _)) = fate.returned
            && self.book.first(number, "returned")
        {
            return self.give_back(unit, number, reason, fate.seed).await;
        }
        false
    }

    /// Would signing now still be in time, and is the wait for its end bearable?
    fn in_time(&self, entry: &v1::InboxEntry) -> bool {
        let Some(due) = entry.sign_due else { return false };
        let due = At::from_micros(due.seconds.saturating_mul(1_000_000) + i64::from(due.nanos) / 1_000);
        due > self.clock.now() && self.clock.until(due) < FORGETS
    }

    async fn give_back(&self, unit: &Unit, number: &str, reason: ReturnReason, seed: u64) -> bool {
        let mut chance = self.chance(seed, 3);
        // A department's own duty cannot go to a street (R-NAT-3), so it is never named.
        let others: Vec<&Unit> =
            self.units.iter().filter(|u| u.kind == UnitKind::Department && u.code != unit.code).collect();
        let other = one_of(&others, &mut chance).map(|other| other.code.to_string()).unwrap_or_default();
        let ask = v1::RequestReturnRequest {
            request_id: self.request_id("return"),
            ticket: number.to_owned(),
            reason: reason.number(),
            evidence: one_of(self.words.tongue.evidence, &mut chance).copied().unwrap_or_default().to_owned(),
            suggested_unit: other.clone(),
        };
        self.book.suggest(number, other);
        let asked = call(&unit.signer, ask, |mut line, ask| async move { line.request_return(ask).await }).await;
        self.board.note("申请退单 return asked", &asked)
    }

    async fn contact(&self, unit: &Unit, entry: &v1::InboxEntry, known: &Known) -> bool {
        let outcome = known.fate.contact.unwrap_or(ContactOutcome::Reached);
        let ask = v1::ContactRequest {
            request_id: self.request_id("contact"),
            ticket: entry.number.clone(),
            outcome: outcome.number(),
            text: String::new(),
        };
        let done = call(&unit.handler, ask, |mut line, ask| async move { line.contact(ask).await }).await;
        self.board.note("先行联系 contacted", &done)
    }

    /// A lead waits for those who assist, and takes their parts.
    async fn parts_done(&self, unit: &Unit, number: &str) -> bool {
        let ask = v1::GetRequest { ticket: number.to_owned() };
        let Ok(view) = call(&unit.reader, ask, |mut line, ask| async move { line.get(ask).await }).await else {
            return false;
        };
        let mut all = true;
        for part in view.tasks.iter().filter(|task| task.role == TaskRole::Assist.number()) {
            match TaskState::from_number(part.state) {
                Some(TaskState::Submitted) => {
                    let ask = v1::DecidePartRequest {
                        request_id: self.request_id("part"),
                        ticket: number.to_owned(),
                        unit: part.unit.clone(),
                        decision: v1::PartDecision::Accept.into(),
                        rating: 4,
                        reason: String::new(),
                    };
                    let taken =
                        call(&unit.handler, ask, |mut line, ask| async move { line.decide_part(ask).await }).await;
                    all &= self.board.note("协办通过 part accepted", &taken);
                }
                Some(TaskState::Accepted | TaskState::Cancelled) => {}
                Some(
                    TaskState::PendingSign
                    | TaskState::Signed
                    | TaskState::Contacted
                    | TaskState::ReturnRequested
                    | TaskState::RejectedByLead,
                )
                | None => all = false,
            }
        }
        all
    }

    async fn result(&self, unit: &Unit, entry: &v1::InboxEntry, known: &Known, leads: bool) {
        let fate = &known.fate;
        let mut chance = self.chance(fate.seed, 4 + u64::from(entry.redo_round));
        let tongue = self.words.tongue;
        let mut say = |list: &[&'static str]| one_of(list, &mut chance).copied().unwrap_or_default().to_owned();
        let mut internal = say(tongue.internal);
        let because = say(tongue.because);
        let careless = say(&self.fitting(tongue.careless, known));
        let mut reply = self.words.reply(&mut chance);
        if fate.careless && leads && !known.person.name.is_empty() {
            let named = naming(&careless, &known.person);
            reply = format!("{named}{}{reply}", tongue.stop);
            internal = format!("{internal}{}{named}", tongue.stop);
        }
        let finding = finding(Kind::from_number(entry.kind), fate.seed);
        let ask = v1::SubmitResultRequest {
            files: Vec::new(),
            request_id: self.request_id("result"),
            ticket: entry.number.clone(),
            finding: finding.number(),
            finding_because: if positive(finding) { String::new() } else { because },
            demand: Demand::Lawful.number(),
            outcome: if fate.seed % 100 < 88 { Outcome::Solved } else { Outcome::Explained }.number(),
            site_visit: SiteVisit::Yes.number(),
            reply_means: ReplyMeans::Phone.number(),
            reply,
            internal,
            public: true,
        };
        if fate.empty && leads && self.book.first(&entry.number, "empty") {
            self.empty(unit, &ask).await;
            return;
        }
        let act = if leads { "办结 result handed in" } else { "协办提交 part handed in" };
        let done = call(&unit.handler, ask, |mut line, ask| async move { line.submit_result(ask).await }).await;
        self.board.note(act, &done);
    }

    /// First nothing at all, which is refused, then empty talk, which a person sends back.
    async fn empty(&self, unit: &Unit, ask: &v1::SubmitResultRequest) {
        let nothing = v1::SubmitResultRequest { reply: String::new(), ..ask.clone() };
        let refused = call(&unit.handler, nothing, |mut line, ask| async move { line.submit_result(ask).await }).await;
        match refused {
            Err(status) if status.code() == Code::InvalidArgument => self.board.lock().refused_on_purpose += 1,
            other => {
                self.board.note("空白答复 empty reply taken", &other);
            }
        }
        let talk = v1::SubmitResultRequest {
            request_id: self.request_id("result"),
            reply: "您好,您反映的问题已收悉,已处理完毕,感谢您的来电。".into(),
            ..ask.clone()
        };
        let done = call(&unit.handler, talk, |mut line, ask| async move { line.submit_result(ask).await }).await;
        self.board.note("空话答复 empty talk handed in", &done);
    }

    /// Careless words that fit what the citizen gave.
    fn fitting(&self, patterns: &[&'static str], known: &Known) -> Vec<&'static str> {
        let person = &known.person;
        patterns
            .iter()
            .copied()
            .filter(|words| !(words.contains("{home}") && person.home.is_empty()))
            .filter(|words| !(words.contains("{card}") && person.card.is_empty()))
            .collect()
    }
}

/// 事实认定: each type has a list of its own (D§5.4).
pub(crate) const fn finding(kind: Option<Kind>, seed: u64) -> Finding {
    let usual = seed % 10 < 8;
    match kind {
        Some(Kind::Suggestion) if usual => Finding::Adopted,
        Some(Kind::Suggestion) => Finding::Noted,
        Some(Kind::Consult) if usual => Finding::PolicyExists,
        Some(Kind::Consult) => Finding::NoPolicy,
        Some(Kind::Complaint | Kind::Report | Kind::Help) if !usual => Finding::PartlyTrue,
        Some(Kind::Complaint | Kind::Report | Kind::Help | Kind::Praise | Kind::Other) | None => Finding::True,
    }
}

/// The gateway to handlers asks for a reason with everything but 属实.
pub(crate) const fn positive(finding: Finding) -> bool {
    matches!(finding, Finding::True)
}
