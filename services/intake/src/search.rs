//! Search for operators: which tickets, the best first, and why.
//!
//! The index says which tickets could be meant; the database says how they stand and the access policy whether the
//! caller may know. Each hit is looked at once more as it is now, so an index that is a few seconds behind shows nothing
//! that is no longer so, and nothing that was erased.

mod ask;
mod keep;
mod reason;

use suban_domain::{Ticket, TicketId};
use suban_proto::v1;
use suban_runtime::{
    access::{
        Caller,
        policy::{self, Scope},
    },
    errors,
};
use suban_search::{Found, Mark, Match, Query, Texts};
use suban_service::{
    paging::{self, page_size},
    status, view,
};
use suban_store::Told;
use tonic::Status;

use self::ask::Asked;
pub(crate) use self::keep::Finder;
use crate::api::{Api, staff_only};

/// So many times the index is asked for one page at most: where few hits may be shown, the page is short and its token
/// goes on from there.
const ROUNDS: usize = 8;

/// A hit that is shown.
struct Hit {
    ticket: Ticket,
    told: Told,
    matches: Vec<Match>,
    /// None where the number was given: it is this one.
    found: Option<Found>,
}

impl Api {
    /// One page of hits.
    pub(crate) async fn find(&self, caller: &Caller, ask: &v1::SearchRequest) -> Result<v1::SearchReply, Status> {
        staff_only(caller, "search tickets")?;
        let scope = policy::scope(caller)?;
        let asked = Asked::read(&scope, ask, |phone| self.phone_hash(phone)).await?;
        may_ask(caller, &scope, &asked)?;
        let page = page_size(ask.page_size)? as usize;
        let mark =
            paging::Mark::of(caller, &v1::SearchRequest { page_token: String::new(), page_size: 0, ..ask.clone() });
        let after = mark.open(&ask.page_token)?.map(Mark::from_bytes);
        let (hits, next) = match &asked.number {
            Some(number) => {
                let found = self.app.store.by_numbers(std::slice::from_ref(number)).await.map_err(|e| status(&e))?;
                let found = found.into_values().map(|ticket| (ticket, None)).collect();
                (self.shown(caller, &scope, &asked, found).await?, None)
            }
            None => self.best(caller, &scope, &asked, after, page).await?,
        };
        Ok(v1::SearchReply {
            hits: self.told_as(caller, &scope, &asked, hits).await?,
            next_page_token: next.map(|next| mark.seal(&next.to_bytes())).unwrap_or_default(),
            filling: self.finder.is_filling(),
        })
    }

    /// The best hits after a mark that may be shown, and where to go on.
    async fn best(
        &self,
        caller: &Caller,
        scope: &Scope,
        asked: &Asked,
        mut after: Option<Mark>,
        page: usize,
    ) -> Result<(Vec<Hit>, Option<Mark>), Status> {
        let query = asked.query(scope, self.app.clock().now());
        let asked_at = after.map_or(self.app.clock().now(), |mark| mark.asked_at());
        let mut hits: Vec<Hit> = Vec::with_capacity(page);
        for _ in 0..ROUNDS {
            let found = self.look(query.clone().after(after), page).await?;
            let full = found.len() == page;
            let ids: Vec<TicketId> = found.iter().map(|f| f.ticket).collect();
            let mut tickets = self.app.store.load(&ids).await.map_err(|e| status(&e))?;
            let last = found.last().map(|f| f.rank.mark(asked_at));
            let found = found.into_iter().filter_map(|f| Some((tickets.remove(&f.ticket)?, Some(f)))).collect();
            for hit in self.shown(caller, scope, asked, found).await? {
                after = hit.found.map(|f| f.rank.mark(asked_at));
                hits.push(hit);
                if hits.len() == page {
                    return Ok((hits, after));
                }
            }
            if !full {
                return Ok((hits, None));
            }
            after = last;
        }
        Ok((hits, after))
    }

    /// Asks the index where it does not keep the connections waiting.
    async fn look(&self, query: Query, at_most: usize) -> Result<Vec<Found>, Status> {
        let index = self.finder.index()?;
        let found = tokio::task::spawn_blocking(move || index.search(&query, at_most)).await;
        found
            .map_err(|problem| problem.to_string())
            .and_then(|found| found.map_err(|problem| problem.to_string()))
            .map_err(|problem| {
                tracing::error!(problem, "a search failed");
                Status::internal("the search failed; the log of intake says why")
            })
    }

    /// Those of what was found that the caller may see and that still are what was asked for, in their order.
    async fn shown(
        &self,
        caller: &Caller,
        scope: &Scope,
        asked: &Asked,
        found: Vec<(Ticket, Option<Found>)>,
    ) -> Result<Vec<Hit>, Status> {
        let ids: Vec<TicketId> = found.iter().map(|(ticket, _)| ticket.id).collect();
        let mut told = self.app.store.told(&ids).await.map_err(|e| status(&e))?;
        let hits = found.into_iter().filter_map(|(ticket, found)| {
            // A confidential ticket of somebody else is not even admitted to.
            let readable = view::may_read(caller, &ticket).is_ok();
            let told = told.remove(&ticket.id).unwrap_or_default();
            if !readable || !asked.admits(&ticket, &told) {
                return None;
            }
            let place = if ticket.flags.confidential { "" } else { &told.place };
            let matches = if scope.words && !asked.words.is_empty() {
                suban_search::matches(&asked.words, Texts { title: &told.title, words: &told.words, place })?
            } else {
                Vec::new()
            };
            Some(Hit { ticket, told, matches, found })
        });
        Ok(hits.collect())
    }

    /// Hits as they are told.
    async fn told_as(
        &self,
        caller: &Caller,
        scope: &Scope,
        asked: &Asked,
        hits: Vec<Hit>,
    ) -> Result<Vec<v1::SearchHit>, Status> {
        let tickets: Vec<Ticket> = hits.iter().map(|hit| hit.ticket.clone()).collect();
        let lines = self.lines(caller, &tickets).await?;
        let now = self.app.clock().now();
        Ok(hits
            .iter()
            .zip(lines)
            .map(|(hit, line)| {
                let because = reason::of(asked, &hit.matches, hit.ticket.received_at, now);
                let rank = hit.found.map(|f| f.rank);
                v1::SearchHit {
                    ticket: Some(line),
                    matches: hit.matches.iter().map(reason::shown).collect(),
                    excerpt: if scope.words {
                        suban_search::excerpt(&hit.told.words, &hit.matches)
                    } else {
                        String::new()
                    },
                    score: rank.map_or(1.0, |rank| rank.score()),
                    text: rank.map_or(1.0, |rank| rank.text),
                    lateness: rank.map_or(1.0, |rank| rank.lateness),
                    because_zh: because.zh,
                    because_en: because.en,
                }
            })
            .collect())
    }
}

/// Who reads no words must not learn them by looking for them; who makes no calls must not try out who called.
fn may_ask(caller: &Caller, scope: &Scope, asked: &Asked) -> Result<(), Status> {
    if !scope.words && !asked.words.is_empty() {
        return Err(errors::denied(
            "NO_WORDS",
            "you do not read the words of tickets, so you do not search them; search by number, unit, state or period",
        ));
    }
    if !scope.phone && asked.phone.is_some() {
        return Err(errors::denied("ROLE", format!("the role {} does not search by phone", caller.actor.role)));
    }
    Ok(())
}
