//! Citizens call and write; agents and gateways take it in, keep each contact, and say what came of it.

use std::sync::Arc;

use futures::StreamExt as _;
use suban_domain::Channel;
use suban_proto::v1::{self, ContactResult};
use tonic::Code;

use super::{
    plan::{Call, Demand, Plan},
    staff::{Staff, call},
};
use crate::journal::{Entry, Journal};

/// Calls under way at once: the hall has so many seats.
const SEATS: usize = 24;

impl Staff {
    /// The whole day, in its order as far as so many at once can keep it.
    pub(super) async fn day(&self, plan: &Plan, journal: Option<&Arc<Journal>>) -> anyhow::Result<()> {
        let mut day = futures::stream::iter(&plan.calls)
            .map(|one| async move {
                match one {
                    Call::Demand(n) => match plan.demands.get(*n) {
                        Some(demand) => self.demand(*n, demand, journal).await,
                        None => Ok(()),
                    },
                    Call::Contact { request_id, channel, phone, text, result, about } => {
                        self.heard(request_id, (*channel, phone, text), *result, *about).await;
                        Ok(())
                    }
                    Call::Withdraw { about, why } => {
                        self.withdraw(*about, why).await;
                        Ok(())
                    }
                    Call::Declare(event) => {
                        Box::pin(self.declare(event, &plan.demands)).await;
                        Ok(())
                    }
                }
            })
            .buffer_unordered(SEATS);
        while let Some(done) = day.next().await {
            done?;
        }
        Box::pin(self.end_events()).await;
        Ok(())
    }

    async fn demand(&self, n: usize, demand: &Demand, journal: Option<&Arc<Journal>>) -> anyhow::Result<()> {
        let request = &demand.request;
        let line = self.intake_for(request.channel);
        let answer = call(line, request.clone(), |mut line, ask| async move { line.submit(ask).await }).await;
        let reply = match answer {
            Ok(reply) => reply,
            Err(status) => {
                let what = format!("submit: {:?} {}", status.code(), status.message());
                *self.board.lock().refused.entry(what).or_default() += 1;
                return Ok(());
            }
        };
        if let Some(journal) = journal {
            let entry = Entry {
                channel: request.channel,
                system: request.source_system.clone(),
                source_id: request.source_id.clone(),
                number: reply.number.clone(),
                ticket_id: reply.ticket_id.clone(),
            };
            journal.append(&[entry]).await?;
        }
        {
            let mut summary = self.board.lock();
            if reply.repeated {
                summary.repeated += 1;
            } else {
                summary.submitted += 1;
                summary.same_again += u64::from(demand.same_as.is_some());
                let channel = Channel::from_number(request.channel).map_or("?", Channel::code);
                *summary.by_channel.entry(channel).or_default() += 1;
            }
        }
        self.book.numbered(n, demand, &reply.number, reply.progress_token);
        let keep = v1::RecordContactRequest {
            request_id: format!("{}-contact", request.request_id),
            channel: request.channel,
            at: None,
            phone: demand.person.phone.clone(),
            text: String::new(),
            result: ContactResult::NewTicket.into(),
            tickets: vec![reply.number],
        };
        self.keep(keep, ContactResult::NewTicket).await;
        Ok(())
    }

    async fn heard(
        &self,
        request_id: &str,
        (channel, phone, text): (Channel, &str, &str),
        result: ContactResult,
        about: Option<usize>,
    ) {
        let number = about.and_then(|about| self.book.number(about));
        if let Some(number) = &number {
            match result {
                ContactResult::Urge => {
                    let ask = v1::UrgeRequest {
                        request_id: format!("{request_id}-urge"),
                        ticket: number.clone(),
                        text: text.to_owned(),
                    };
                    let urged = call(&self.agent, ask, |mut line, ask| async move { line.urge(ask).await }).await;
                    self.board.note("催办 urged", &urged);
                }
                ContactResult::Supplement => {
                    let ask = v1::SupplementRequest {
                        request_id: format!("{request_id}-more"),
                        ticket: number.clone(),
                        text: text.to_owned(),
                    };
                    let added = call(&self.agent, ask, |mut line, ask| async move { line.supplement(ask).await }).await;
                    self.board.note("补充 supplemented", &added);
                }
                ContactResult::Unspecified
                | ContactResult::NewTicket
                | ContactResult::ProgressQuery
                | ContactResult::Answered
                | ContactResult::Rejected
                | ContactResult::Transferred
                | ContactResult::WrongNumber
                | ContactResult::Abuse
                | ContactResult::Dropped => {}
            }
        }
        let keep = v1::RecordContactRequest {
            request_id: request_id.to_owned(),
            channel: channel.number(),
            at: None,
            phone: phone.to_owned(),
            text: text.to_owned(),
            result: result.into(),
            tickets: number.into_iter().collect(),
        };
        self.keep(keep, result).await;
    }

    async fn keep(&self, ask: v1::RecordContactRequest, result: ContactResult) {
        let line = self.intake_for(ask.channel);
        match call(line, ask, |mut line, ask| async move { line.record_contact(ask).await }).await {
            Ok(_) => *self.board.lock().contacts.entry(outcome(result)).or_default() += 1,
            Err(status) => {
                let what = format!("contact: {:?} {}", status.code(), status.message());
                *self.board.lock().refused.entry(what).or_default() += 1;
            }
        }
    }

    async fn withdraw(&self, about: usize, why: &str) {
        let Some(ticket) = self.book.number(about) else { return };
        let ask = v1::WithdrawRequest {
            request_id: self.request_id("withdraw"),
            ticket,
            confirmed: true,
            reason: why.to_owned(),
        };
        match call(&self.agent, ask, |mut line, ask| async move { line.withdraw(ask).await }).await {
            // A master, a member, a report in the public interest: these go on all the same, and the citizen is told.
            Err(status) if status.code() == Code::InvalidArgument => self.board.lock().refused_on_purpose += 1,
            gone => {
                self.board.note("撤回 withdrawn", &gone);
            }
        }
    }
}

/// The outcome of a contact, for people.
const fn outcome(result: ContactResult) -> &'static str {
    match result {
        ContactResult::Unspecified => "–",
        ContactResult::NewTicket => "新工单 new ticket",
        ContactResult::Urge => "催办 urge",
        ContactResult::Supplement => "补充 supplement",
        ContactResult::ProgressQuery => "查询进度 progress asked",
        ContactResult::Answered => "当场答复 answered at once",
        ContactResult::Rejected => "不予受理 not accepted",
        ContactResult::Transferred => "转接 handed on",
        ContactResult::WrongNumber => "打错 wrong number",
        ContactResult::Abuse => "骚扰 abuse",
        ContactResult::Dropped => "挂断 dropped",
    }
}
