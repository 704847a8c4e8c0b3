//! Sends what is due: looks once more whether it is still true, puts it into words, hands it to the carrier.
//!
//! Any number of instances may run it: each takes notices for a while, and a notice whose taker died is taken again
//! when that has passed. The carrier sees the same id then; the ticket's event is written once.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    time::Duration,
};

use futures::StreamExt as _;
use suban_domain::{Action, At, Channel, Command, RequestId, Span, Ticket, TicketId, UnitCode, Urgency, VersionCode};
use suban_roster::Rung as OnRoster;
use suban_service::{App, rosters::Rosters};
use suban_store::{Change, StoreError};

use super::{
    carrier::{Carrier, Letter, NotSent},
    decide::{Kind, awake},
    recipient::{Recipient, Rung},
    tables::{self, Ending, Notice},
    words::{Known, Texts},
};

/// Notices taken at once.
const BATCH: u32 = 100;
/// Letters on their way at once.
const AT_ONCE: usize = 16;
/// How long a notice is the taker's, by the city's clock; above the carrier's timeout.
const LEASE: Span = Span::minutes(2);
/// Tries before a notice is given up: with the pauses between them, some two days.
const TRIES: u32 = 12;
/// First and longest pause between two tries.
const FIRST_PAUSE: Span = Span::minutes(1);
const LONGEST_PAUSE: Span = Span::hours(8);
/// Between two rounds, unless one was full: nobody is told a second too late, and what comes in a second goes together.
const ROUND: Duration = Duration::from_secs(1);

/// What sending needs.
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) carrier: Carrier,
    pub(crate) texts: Texts,
    pub(crate) rosters: Rosters,
}

/// Sends until the process stops.
pub(crate) async fn run(office: Office) -> Result<(), Infallible> {
    let stop = office.app.tasks.stop();
    loop {
        let sleep = match office.tick().await {
            Ok(taken) if taken == BATCH as usize => Duration::ZERO,
            Ok(_) => ROUND,
            Err(error) => {
                tracing::warn!(error = %error, "notices could not be sent; tried again");
                ROUND
            }
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

impl Office {
    /// Sends a batch of what is due; answers how many were taken.
    async fn tick(&self) -> Result<usize, StoreError> {
        let (pool, now) = (self.app.store.pool(), self.app.clock().now());
        let notices = tables::take(pool, now, now.plus(LEASE), BATCH).await?;
        if notices.is_empty() {
            return Ok(0);
        }
        let taken = notices.len();
        let ids: Vec<TicketId> = notices.iter().map(|notice| notice.ticket).collect();
        let tickets = self.app.store.load(&ids).await?;
        let mut had = self.had_today(&notices, now).await?;
        let (mut endings, mut letters) = (Vec::new(), Vec::new());
        for notice in notices {
            let Some(ticket) = tickets.get(&notice.ticket) else {
                endings.push((notice, Ending::Dropped("there is no such ticket")));
                continue;
            };
            match self.before_sending(&notice, ticket, &mut had, now) {
                Some(ending) => endings.push((notice, ending)),
                None => letters.push((self.letter(&notice, ticket), notice)),
            }
        }
        let sent: Vec<(Notice, Ending)> = futures::stream::iter(letters)
            .map(|(letter, notice)| self.send(letter, notice, now))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        endings.extend(sent);
        self.note(&endings, tickets).await?;
        Ok(taken)
    }

    /// What is not sent now: what is no longer true, what would wake somebody, what is too much for one day.
    fn before_sending(
        &self,
        notice: &Notice,
        ticket: &Ticket,
        had: &mut HashMap<String, i64>,
        now: At,
    ) -> Option<Ending> {
        let planned = &notice.planned;
        if !planned.holds.still(ticket, planned.about.as_ref()) {
            return Some(Ending::Dropped("no longer so"));
        }
        let zone = self.app.settings.city.time_zone();
        let morning = awake(now, &planned.to, notice.urgency, &zone);
        if morning > now {
            return Some(Ending::PutOff(morning, "quiet hours"));
        }
        if notice.urgency == Urgency::Critical {
            return None;
        }
        let had = had.entry(planned.to.to_string()).or_default();
        *had += 1;
        let settings = &self.app.settings.notices;
        let (most, too_much) = match &planned.to {
            Recipient::Citizen(_) => (settings.a_day_to_a_citizen, Ending::Dropped("the day's limit for one citizen")),
            Recipient::Unit(..) | Recipient::Desk(_) => {
                (settings.a_day_to_a_desk, Ending::PutOff(now.plus(Span::hours(24)), "the day's limit for one desk"))
            }
        };
        (*had > i64::from(most)).then_some(too_much)
    }

    /// How many notices each recipient has had in the last 24 hours.
    async fn had_today(&self, notices: &[Notice], now: At) -> Result<HashMap<String, i64>, StoreError> {
        let mut recipients: Vec<String> = notices.iter().map(|notice| notice.planned.to.to_string()).collect();
        recipients.sort_unstable();
        recipients.dedup();
        let had = tables::sent_since(self.app.store.pool(), &recipients, now.minus(Span::hours(24))).await?;
        Ok(had.into_iter().collect())
    }

    fn letter(&self, notice: &Notice, ticket: &Ticket) -> Letter {
        let in_force = self.app.catalogues.now();
        let name = |unit: &UnitCode| {
            let known = in_force.as_ref().and_then(|in_force| in_force.catalogue.unit(unit));
            known.map_or_else(|| unit.to_string(), |unit| unit.name.clone())
        };
        let planned = &notice.planned;
        let unit = planned.about.as_ref().or_else(|| ticket.lead().map(|lead| &lead.unit)).map(name);
        let number = ticket.number.to_string();
        let known = Known { number: &number, unit: unit.as_deref(), said: &planned.said };
        let (person, phone) = self.stands_there(&planned.to).unzip();
        let city = &self.app.settings.city;
        let [zh, en] = self.texts.say(planned.kind, known, &city.time_zone());
        Letter {
            id: notice.id(),
            kind: planned.kind.code(),
            to: planned.to.to_string(),
            person,
            phone,
            zh: format!("【{}】{zh}", city.name),
            en: format!("{}: {en}", city.name),
            number,
        }
    }

    /// Who fills a function of a unit now, by the roster in force.
    fn stands_there(&self, to: &Recipient) -> Option<(String, String)> {
        let Recipient::Unit(unit, rung) = to else { return None };
        let first = match rung {
            Rung::Duty => OnRoster::Duty,
            Rung::Backup => OnRoster::Backup,
            Rung::Lead => OnRoster::Lead,
        };
        let known = self.rosters.now()?;
        let person = known.roster.responsible_from(first, unit, self.app.clock().now()).person;
        let phone = known.roster.person(&person).map(|person| person.phone.clone()).unwrap_or_default();
        Some((person.to_string(), phone))
    }

    async fn send(&self, letter: Letter, notice: Notice, now: At) -> (Notice, Ending) {
        let second = now.micros().div_euclid(1_000_000);
        let ending = match self.carrier.send(&letter, second).await {
            Ok(receipt) => {
                Ending::Sent { receipt, template: self.texts.version().to_string(), person: letter.person.clone() }
            }
            Err(problem) => later(&problem, notice.attempts + 1, now),
        };
        let outcome = match &ending {
            Ending::Sent { .. } => "sent",
            Ending::Failed(_) => "failed",
            Ending::Dropped(_) | Ending::PutOff(..) | Ending::Later(..) => "later",
        };
        metrics::counter!("suban_notices_total", "kind" => letter.kind, "outcome" => outcome).increment(1);
        (notice, ending)
    }

    /// How they ended, with the event of each that went to a citizen (F58), in one transaction.
    async fn note(
        &self,
        endings: &[(Notice, Ending)],
        mut tickets: HashMap<TicketId, Ticket>,
    ) -> Result<(), StoreError> {
        let now = self.app.clock().now();
        loop {
            let changes = self.told(endings, &tickets, now)?;
            let mut tx = self.app.store.pool().begin().await?;
            let done = self.app.store.commit_in(&mut tx, changes).await?;
            if done.overtaken.is_empty() {
                tables::end(&mut tx, endings, now).await?;
                self.app.store.finish(tx).await?;
                return Ok(());
            }
            tx.rollback().await?;
            tickets.extend(self.app.store.load(&done.overtaken).await?);
        }
    }

    /// The events of what went to citizens; several about one ticket follow each other.
    fn told(
        &self,
        endings: &[(Notice, Ending)],
        tickets: &HashMap<TicketId, Ticket>,
        now: At,
    ) -> Result<Vec<Change>, StoreError> {
        let damaged = |e: &dyn std::fmt::Display| StoreError::Damaged { what: "notice", problem: e.to_string() };
        let mut changes: BTreeMap<TicketId, Change> = BTreeMap::new();
        for (notice, ending) in endings {
            let (Kind::Citizen(which), Ending::Sent { receipt, .. }) = (notice.planned.kind, ending) else { continue };
            let Some(ticket) = tickets.get(&notice.ticket) else { continue };
            let request = RequestId::new(format!("notice:{}:{which}", notice.cause)).map_err(|e| damaged(&e))?;
            let receipt = VersionCode::new(receipt.clone()).map_err(|e| damaged(&e))?;
            // The codes of D§13 that leave the house are short messages, whatever carries them.
            let action = Action::NoticeSent { notice: which, channel: Channel::Sms, receipt };
            let command = Command { by: App::system(), at: now, request, action };
            let current = changes.get(&notice.ticket).map_or(ticket, |change| &change.after);
            match Change::decide(current.clone(), &command, &self.app.limits) {
                Ok(next) => {
                    let change = match changes.remove(&notice.ticket) {
                        Some(before) => before.then(next),
                        None => next,
                    };
                    changes.insert(notice.ticket, change);
                }
                // It is sent; were the batch given up for it, all of it would be sent again for ever.
                Err(error) => tracing::error!(ticket = %notice.ticket, %error, "a notice that was sent is no event"),
            }
        }
        Ok(changes.into_values().collect())
    }
}

/// Tried again later, each time after a longer pause, or given up.
fn later(problem: &NotSent, attempts: u32, now: At) -> Ending {
    if problem.is_final() || attempts >= TRIES {
        return Ending::Failed(problem.to_string());
    }
    let doubled = FIRST_PAUSE.as_micros().saturating_mul(1 << attempts.saturating_sub(1).min(12));
    Ending::Later(now.plus(Span::micros(doubled).min(LONGEST_PAUSE)), problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_that_is_away_is_tried_for_two_days_and_one_that_refuses_is_not() {
        let now = At::from_micros(0);
        let away = NotSent::Away(Duration::from_secs(5));
        let mut waited = Span::ZERO;
        for attempt in 1..TRIES {
            let Ending::Later(at, _) = later(&away, attempt, now) else { panic!("given up after {attempt}") };
            assert!(at.since(now) >= FIRST_PAUSE && at.since(now) <= LONGEST_PAUSE);
            waited = Span::micros(waited.as_micros() + at.since(now).as_micros());
        }
        assert!(waited > Span::hours(24) && waited < Span::hours(72), "{waited:?}");
        assert!(matches!(later(&away, TRIES, now), Ending::Failed(_)));
        assert!(matches!(later(&NotSent::Refused(400), 1, now), Ending::Failed(_)));
        assert!(matches!(later(&NotSent::Refused(429), 1, now), Ending::Later(..)));
        assert!(matches!(later(&NotSent::Refused(503), 1, now), Ending::Later(..)));
    }
}
