//! Going over the stream again: handlers over the whole topic, and the topic from the log.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use suban_bus::{Batches, BusError, Envelope, Message, Sender, ensure_topics, run};
use suban_domain::{At, Recorded, Role};
use suban_runtime::{Health, Service, Settings, Tasks};
use suban_service::App;
use suban_store::{audit::Act, recorded, to_db};
use uuid::Uuid;

use crate::{print, tokens};

/// Events of the log read and sent at once.
const PAGE: i64 = 5000;

/// A service and how many messages its handlers have been given.
struct Counted {
    desk: suban_dispatch::Desk,
    messages: AtomicU64,
}

impl Counted {
    /// Counts a batch and answers the service.
    fn app(&self, batch: &[Message]) -> &App {
        &self.desk(batch).app
    }

    /// Counts a batch and answers dispatch with what it has learned; the other services have nothing beside the app.
    fn desk(&self, batch: &[Message]) -> &suban_dispatch::Desk {
        self.messages.fetch_add(batch.len() as u64, Ordering::Relaxed);
        &self.desk
    }
}

/// `suban replay`: a service's own handlers over the whole topic as it stands, beside the live ones. A handler
/// sees from the tickets what is done already, so what was right stays as it is.
pub(crate) async fn replay(settings: Settings, service: Service) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        !matches!(service, Service::Intake | Service::Gateway),
        "{service} reads no topic, so there is nothing to replay"
    );
    let (tasks, health) = (Tasks::new(), Health::new());
    let drain = settings.limits.drain;
    let app = App::start(service, settings, tasks.clone(), health.clone()).await?;
    let desk = suban_dispatch::Desk::of(&app).await?;
    drop(app);
    let counted = Arc::new(Counted { desk, messages: AtomicU64::new(0) });
    let ended = over_the_topic(&counted, &tasks, &health).await;
    let messages = counted.messages.load(Ordering::Relaxed);
    // The writer ends when nobody can ask it any more.
    drop(counted);
    tasks.stop_within(&health, drain).await?;
    ended?;
    print::out(&format!("{service} went over {messages} messages again"));
    Ok(ExitCode::SUCCESS)
}

async fn over_the_topic(counted: &Arc<Counted>, tasks: &Tasks, health: &Health) -> Result<(), BusError> {
    let service = counted.desk.app.service;
    let group = match service {
        Service::Dedup => suban_dedup::GROUP,
        Service::Dispatch => suban_dispatch::GROUP,
        Service::Followup => suban_followup::GROUP,
        Service::Scoring => suban_scoring::GROUP,
        Service::Intake | Service::Gateway => return Ok(()),
    };
    let batches = Batches::replay(&counted.desk.app.settings, group, tasks, health).await?;
    let context = Arc::clone(counted);
    match service {
        Service::Dedup => {
            run(batches, context, |c, b| Box::pin(async move { suban_dedup::judge(c.app(b), b).await })).await
        }
        Service::Dispatch => {
            run(batches, context, |c, b| Box::pin(async move { suban_dispatch::dispatch(c.desk(b), b).await })).await
        }
        Service::Followup => {
            run(batches, context, |c, b| Box::pin(async move { suban_followup::follow(c.app(b), b).await })).await
        }
        Service::Scoring => {
            run(batches, context, |c, b| Box::pin(async move { suban_scoring::count(c.app(b), b).await })).await
        }
        Service::Intake | Service::Gateway => Ok(()),
    }
}

/// `suban republish`: the ticket topic again from the log, after a loss of the broker's data. Readers know what
/// they have had already by ticket and version.
pub(crate) async fn republish(settings: &Settings, from: &str) -> anyhow::Result<ExitCode> {
    let from: At = from
        .parse::<jiff::Timestamp>()
        .map(At::from)
        .with_context(|| format!("--from {from:?} is no instant as 2026-01-15T12:00:00Z"))?;
    let store = tokens::store(settings).await?;
    // A broker that lost everything has lost its topics as well.
    ensure_topics(settings).await?;
    let sender = Sender::new(settings)?;
    let (mut after, mut sent) = ((Uuid::nil(), 0), 0);
    loop {
        let page = page(store.pool(), from, after).await?;
        let Some(last) = page.last() else { break };
        after = (last.ticket.uuid(), i32::try_from(last.version)?);
        sent += sender.send_all(page.iter().map(|event| Envelope::of(event, None))).await?;
    }
    let what = format!("{sent} events from {from} on");
    store.audit(&tokens::operator(Role::SysAdmin)?, Act::Republish, None, Some(&what)).await?;
    print::out(&format!("sent {what}"));
    Ok(ExitCode::SUCCESS)
}

/// The next events of the log since an instant, ticket by ticket in their order; those of tickets put there in
/// bulk were never on the topic. Walks the primary key of `ticket_log`.
async fn page(pool: &sqlx::PgPool, from: At, after: (Uuid, i32)) -> anyhow::Result<Vec<Recorded>> {
    let rows = sqlx::query(
        "select l.ticket_id, l.version, l.at, l.role, l.person, l.unit, l.request, l.body
           from core.ticket_log l
          where l.at >= $1 and (l.ticket_id, l.version) > ($2, $3)
            and not exists (select from core.ticket t where t.id = l.ticket_id and t.bulk)
          order by l.ticket_id, l.version limit $4",
    )
    .bind(to_db(from))
    .bind(after.0)
    .bind(after.1)
    .bind(PAGE)
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(recorded).collect::<Result<_, _>>()?)
}
