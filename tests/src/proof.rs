//! What must hold at the end of every story.

use std::io::Write as _;

use suban_bus::{Topic, dead, group_lag};
use suban_domain::{Ticket, TicketId};
use suban_runtime::Service;
use uuid::Uuid;

use crate::{City, PATIENCE, eventually};

/// Every consumer: its service, its group and its topic.
const GROUPS: [(Service, &str, Topic); 5] = [
    (Service::Dedup, suban_dedup::GROUP.name, Topic::Ticket),
    (Service::Dispatch, suban_dispatch::GROUP.name, Topic::Ticket),
    (Service::Dispatch, suban_dispatch::URGENT_GROUP.name, Topic::Urgent),
    (Service::Followup, suban_followup::GROUP.name, Topic::Ticket),
    (Service::Scoring, suban_scoring::GROUP.name, Topic::Ticket),
];

/// Waits until the outbox is empty and nobody who is open lags.
pub(crate) async fn settled(city: &City) {
    eventually(PATIENCE, "nothing moves any more", async || {
        let waiting: i64 = sqlx::query_scalar("select coalesce(sum(events), 0) from core.outbox")
            .fetch_one(city.pool())
            .await
            .unwrap();
        if waiting > 0 {
            return Err(format!("{waiting} events wait in the outbox"));
        }
        let due = "select count(*) from followup.notice where state = 1 and not_before <= $1";
        let now = suban_store::to_db(city.clock.now());
        let untold: i64 = sqlx::query_scalar(due).bind(now).fetch_one(city.pool()).await.unwrap();
        if untold > 0 && city.knows(Service::Followup) {
            return Err(format!("{untold} notices are due"));
        }
        for (service, group, topic) in GROUPS {
            if city.knows(service) {
                let lag = group_lag(&city.settings, group, topic).await.map_err(|e| e.to_string())?;
                if lag > 0 {
                    return Err(format!("{group} is {lag} messages behind"));
                }
            }
        }
        Ok(())
    })
    .await;
}

/// Proves a day: outbox empty, no dead letters, rows are folds of their logs, and the suite's own audit agrees.
pub(crate) async fn of(city: &City) {
    settled(city).await;
    let letters = dead::list(&city.settings, 100).await.unwrap();
    assert!(letters.is_empty(), "dead letters: {letters:#?}");
    rows_are_folds(city).await;
    audit_agrees(city).await;
}

/// Compares each ticket's row with the fold of its log, without the help of the audit that ships.
async fn rows_are_folds(city: &City) {
    let ids: Vec<Uuid> =
        sqlx::query_scalar("select id from core.ticket order by id").fetch_all(city.pool()).await.unwrap();
    for id in ids.into_iter().map(TicketId::new) {
        let log = city.store.log(id, 0).await.unwrap();
        let folded = Ticket::fold(log.iter()).unwrap_or_else(|e| panic!("the log of {id} does not fold: {e}"));
        assert_eq!(city.store.load_one(id).await.unwrap(), folded, "the row of {id} is not the fold of its log");
        let versions: Vec<u32> = log.iter().map(|event| event.version).collect();
        assert_eq!(versions, (1..=folded.version).collect::<Vec<_>>(), "the log of {id} has a gap");
    }
}

/// Runs `suban check` with everybody of the story as who must not be found.
async fn audit_agrees(city: &City) {
    let folder = std::env::temp_dir().join(format!("suban-{}", city.database()));
    std::fs::create_dir_all(&folder).unwrap();
    let journal = folder.join("journal");
    std::fs::write(&journal, b"").unwrap();
    let mut people = std::fs::File::create(folder.join("journal.people")).unwrap();
    for value in city.people.lock().unwrap().iter() {
        writeln!(people, "{value}").unwrap();
    }
    let told = city.runs(&["check", "--json", "--patience", "30", "--journal", journal.to_str().unwrap()]).await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(told.ok, "suban check finds something: {}{}", told.out, told.complaints);
}

/// How many rows each table has that a demand or a command could write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Vec<(&'static str, i64)>);

/// Every table that somebody's words or acts could come to; tokens and days of numbers are not.
const TABLES: [&str; 15] = [
    "core.ticket",
    "core.ticket_log",
    "core.ticket_open",
    "core.ticket_source",
    "core.ticket_phone",
    "core.ticket_words",
    "core.requester",
    "core.text",
    "core.attachment",
    "core.contact",
    "core.merge_member",
    "core.outbox",
    "core.version",
    "dispatch.queue",
    "followup.survey",
];

impl City {
    /// Rows of everything that is stored.
    ///
    /// # Panics
    /// When the database is away.
    pub async fn counts(&self) -> Counts {
        let mut counts = Vec::new();
        for table in TABLES {
            let count = format!("select count(*) from {table}");
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(self.pool()).await.unwrap();
            counts.push((table, count));
        }
        Counts(counts)
    }
}
