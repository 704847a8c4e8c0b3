//! What people are asked about tickets that are alike, and what they say.

use suban_domain::{Action, DuplicateClass, Role, State, Ticket, TicketId, Verdict, VersionCode};
use suban_likeness::{
    Tongue,
    explain::{Reason, Sentence, reasons},
};
use suban_proto::v1;
use suban_runtime::{
    access::{Caller, only, policy::Reading},
    errors,
};
use suban_service::{
    App, Asked,
    paging::{Mark, page_size},
    status, view,
};
use suban_store::Told;
use tonic::Status;

use crate::{
    api::Api,
    explain::explain,
    tables::{self, Ended, Suggestion},
};

/// Who is shown what people are asked.
pub(crate) const REVIEWERS: &[Role] = &[Role::Dispatcher, Role::MergeReviewer, Role::Supervisor];
/// Reasons that are told with a candidate.
const TOLD: usize = 5;

impl Api {
    /// A page of what people are asked.
    pub(crate) async fn suggestions(
        &self,
        caller: &Caller,
        ask: &v1::ListSuggestionsRequest,
    ) -> Result<v1::ListSuggestionsReply, Status> {
        only(caller, REVIEWERS, "are shown suggestions")?;
        let pool = self.app.store.pool();
        if !ask.ticket.is_empty() {
            let ticket = self.app.ticket("ticket", &ask.ticket).await?;
            view::may_read(caller, &ticket)?;
            let asked = tables::of(pool, ticket.id).await.map_err(|e| status(&e))?;
            return Ok(v1::ListSuggestionsReply {
                suggestions: self.told(caller, asked).await?,
                next_page_token: String::new(),
            });
        }
        let page = page_size(ask.page_size)?;
        let mark =
            Mark::of(caller, &v1::ListSuggestionsRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let mut after = mark.open(&ask.page_token)?.map(|key| TicketId::new(uuid::Uuid::from_bytes(key)));
        // What is not asked any more leaves here; a page without one left is no last page.
        loop {
            let asked = tables::page(pool, after, page).await.map_err(|e| status(&e))?;
            let Some(last) = asked.last().map(|s| s.ticket) else { return Ok(v1::ListSuggestionsReply::default()) };
            let suggestions = self.told(caller, asked).await?;
            if !suggestions.is_empty() {
                return Ok(v1::ListSuggestionsReply {
                    suggestions,
                    next_page_token: mark.seal(last.uuid().as_bytes()),
                });
            }
            after = Some(last);
        }
    }

    /// These as a person sees them, ticket by ticket; those that nobody needs to answer any more are ended.
    pub(crate) async fn told(&self, caller: &Caller, asked: Vec<Suggestion>) -> Result<Vec<v1::Suggestion>, Status> {
        let ids: Vec<TicketId> = asked.iter().flat_map(|s| [s.ticket, s.suggested.head]).collect();
        let tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
        let words = self.app.store.told(&ids).await.map_err(|e| status(&e))?;
        let pictures = self.app.store.pictures_of(&ids).await.map_err(|e| status(&e))?;
        let photos = |ticket: &Ticket, reading: Reading| {
            let seen = reading == Reading::Full && view::may_see_files(caller, ticket).is_ok();
            let of = pictures.get(&ticket.id).filter(|_| seen);
            of.into_iter().flatten().map(|(id, _)| id.to_string()).collect::<Vec<_>>()
        };
        let (nothing, judging) = (Told::default(), self.memory.judging());
        let (mut told, mut lapsed): (Vec<v1::Suggestion>, Vec<_>) = (Vec::new(), Vec::new());
        for one in asked {
            let (Some(ticket), Some(head)) = (tickets.get(&one.ticket), tickets.get(&one.suggested.head)) else {
                continue;
            };
            if !still_asked(ticket, head, one.suggested.class) {
                lapsed.push((ticket.id, head.id));
                continue;
            }
            let (Ok(reading), Ok(of_head)) = (view::reading(caller, ticket), view::reading(caller, head)) else {
                continue;
            };
            let said = words.get(&ticket.id).unwrap_or(&nothing);
            let suggested = &one.suggested;
            let mut candidate = candidate(head, suggested.class, f64::from(suggested.probability));
            shown(&mut candidate, of_head, words.get(&head.id));
            candidate.photos = photos(head, of_head);
            reasoned(&mut candidate, &reasons(judging.learned.model(tongue(said)), &suggested.features));
            if told.last().is_none_or(|last| last.ticket_id != ticket.id.to_string()) {
                told.push(v1::Suggestion {
                    photos: photos(ticket, reading),
                    ..suggestion(ticket, reading, said, &one)
                });
            }
            if let Some(last) = told.last_mut() {
                last.candidates.push(candidate);
            }
        }
        let (by, now) = (App::system().person, self.app.clock().now());
        tables::lapse(self.app.store.pool(), &lapsed, &by, now).await.map_err(|e| status(&e))?;
        Ok(told)
    }

    /// A person says that they are two matters.
    pub(crate) async fn rejected(
        &self,
        caller: &Caller,
        ask: &v1::RejectSuggestionRequest,
    ) -> Result<v1::RejectSuggestionReply, Status> {
        only(caller, &[Role::Dispatcher, Role::MergeReviewer], "say that two tickets are two matters")?;
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        view::may_read(caller, &ticket)?;
        let other = match ask.other.as_str() {
            "" => None,
            other => Some(self.app.ticket("other", other).await?.id),
        };
        let (pool, now) = (self.app.store.pool(), self.app.clock().now());
        suban_service::request_id(&ask.request_id)?;
        let open = tables::of(pool, ticket.id).await.map_err(|e| status(&e))?;
        let meant: Vec<TicketId> =
            open.iter().map(|s| s.suggested.head).filter(|head| other.is_none_or(|other| other == *head)).collect();
        let left = u32::try_from(open.len() - meant.len()).unwrap_or(u32::MAX);
        for head in &meant {
            self.app.store.keep_apart(ticket.id, *head, &caller.actor, now).await.map_err(|e| status(&e))?;
        }
        let basis = VersionCode::new("by-hand").map_err(|e| errors::internal(&e))?;
        // A repeat finds the ticket judged already and answers as before: the request stands in its log.
        let acted = if left == 0 && ticket.verdict == Some(Verdict::Suggested) {
            let asked = Asked { caller, request_id: &ask.request_id, ticket: ticket.number.as_str(), said: Vec::new() };
            self.app
                .act(asked, move |_, _| Action::Judge {
                    verdict: Verdict::Unique,
                    candidates: Vec::new(),
                    basis: basis.clone(),
                })
                .await?
        } else {
            crate::api::command_reply(&ticket, meant.is_empty())
        };
        for head in &meant {
            let by = &caller.actor.person;
            tables::end(pool, ticket.id, Some(*head), Ended::Rejected, by, now).await.map_err(|e| status(&e))?;
        }
        self.note_reason(caller, &ticket, &ask.request_id, &ask.reason).await?;
        Ok(v1::RejectSuggestionReply { left, ticket: Some(acted) })
    }

    /// What a person said by merging: the pair is confirmed, what else was asked of the ticket has lapsed.
    pub(crate) async fn confirmed(&self, caller: &Caller, pair: [TicketId; 2]) -> Result<(), Status> {
        let (pool, by, now) = (self.app.store.pool(), &caller.actor.person, self.app.clock().now());
        for (ticket, head) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let found =
                tables::end(pool, ticket, Some(head), Ended::Confirmed, by, now).await.map_err(|e| status(&e))?;
            if found > 0 {
                tables::end(pool, ticket, None, Ended::Lapsed, by, now).await.map_err(|e| status(&e))?;
            }
        }
        Ok(())
    }

    /// Why a pair stands where it stands.
    pub(crate) async fn explanation(
        &self,
        caller: &Caller,
        ask: &v1::ExplainPairRequest,
    ) -> Result<v1::PairExplanation, Status> {
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        let other = self.app.ticket("other", &ask.other).await?;
        if ticket.id == other.id {
            return Err(errors::invalid("other", "is the same ticket; name another"));
        }
        view::may_read(caller, &ticket)?;
        view::may_read(caller, &other)?;
        let judge = crate::Judge { app: self.app.clone(), memory: self.memory.clone() };
        let why = explain(&judge, &ticket, &other).await.map_err(|e| status(&e))?;
        Ok(v1::PairExplanation {
            score: f64::from(why.score),
            probability: f64::from(why.probability),
            reasons: why.reasons.iter().map(reason).collect(),
            guards: why.guards.iter().map(|said| worded(said, 0.0)).collect(),
            passed_over: why.passed_over.iter().map(|said| worded(said, 0.0)).collect(),
            class_zh: why.class.zh,
            class_en: why.class.en,
            act_zh: why.act.zh,
            act_en: why.act.en,
        })
    }
}

/// Does a person still have to say whether it repeats another? Not once it was merged or answered, nor once there is
/// nothing left to join.
fn still_asked(ticket: &Ticket, head: &Ticket, class: DuplicateClass) -> bool {
    may_be_asked(ticket) && (class == DuplicateClass::D2 || head.state.is_open())
}

/// Can it still be put together with another?
pub(crate) fn may_be_asked(ticket: &Ticket) -> bool {
    ticket.master().is_none()
        && matches!(ticket.state, State::Received | State::PendingDispatch | State::PendingSign | State::Handling)
}

/// The language that somebody spoke.
pub(crate) fn tongue(said: &Told) -> Tongue {
    Tongue::of([said.words.as_str()])
}

fn suggestion(ticket: &Ticket, reading: Reading, said: &Told, asked: &Suggestion) -> v1::Suggestion {
    let full = reading == Reading::Full;
    v1::Suggestion {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        state: ticket.state.number(),
        received_at: Some(view::timestamp(ticket.received_at)),
        text: if full { said.words.clone() } else { String::new() },
        place: if full { said.place.clone() } else { String::new() },
        matter: ticket.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
        area: ticket.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        asked_at: Some(view::timestamp(asked.at)),
        ..v1::Suggestion::default()
    }
}

/// A ticket that could be the same, without words and reasons.
pub(crate) fn candidate(ticket: &Ticket, class: DuplicateClass, score: f64) -> v1::Candidate {
    v1::Candidate {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        class: class.number(),
        score,
        state: ticket.state.number(),
        received_at: Some(view::timestamp(ticket.received_at)),
        ..v1::Candidate::default()
    }
}

/// Puts the words beside it, for who may read them.
pub(crate) fn shown(candidate: &mut v1::Candidate, reading: Reading, said: Option<&Told>) {
    if let (Reading::Full, Some(said)) = (reading, said) {
        candidate.text.clone_from(&said.words);
        candidate.place.clone_from(&said.place);
    }
}

/// Puts the reasons beside it.
pub(crate) fn reasoned(candidate: &mut v1::Candidate, reasons: &[Reason]) {
    candidate.reasons = reasons.iter().take(TOLD).map(reason).collect();
    if let Some(first) = reasons.first() {
        candidate.reason_zh.clone_from(&first.said.zh);
        candidate.reason_en.clone_from(&first.said.en);
    }
}

fn reason(of: &Reason) -> v1::Reason {
    worded(&of.said, f64::from(of.adds))
}

fn worded(said: &Sentence, adds: f64) -> v1::Reason {
    v1::Reason { zh: said.zh.clone(), en: said.en.clone(), adds }
}
