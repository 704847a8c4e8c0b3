//! Going over the stream again: handlers over the whole topic, and the topic from the log.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use suban_bus::{Batches, Envelope, Message, Sender, ensure_topics, run};
use suban_domain::{At, Recorded, Role};
use suban_runtime::{Health, Service, Settings, Tasks};
use suban_service::{App, Handler};
use suban_store::{audit::Act, recorded, to_db};
use uuid::Uuid;

use crate::{print, tokens};

/// Events of the log read and sent at once.
const PAGE: i64 = 5000;

/// What a service's handlers work with, and how many messages they have been given.
struct Counted<C> {
    with: C,
    messages: AtomicU64,
}

impl<C> Counted<C> {
    /// Counts a batch and answers what its handler works with.
    fn with(&self, batch: &[Message]) -> &C {
        self.messages.fetch_add(batch.len() as u64, Ordering::Relaxed);
        &self.with
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
    let replayed = over_the_topic(&app, &tasks, &health).await;
    // The writer ends when nobody can ask it any more.
    drop(app);
    tasks.stop_within(&health, drain).await?;
    print::out(&format!("{service} went over {} messages again", replayed?));
    Ok(ExitCode::SUCCESS)
}

/// Hands the whole topic to the service's handlers; answers how many messages there were.
async fn over_the_topic(app: &App, tasks: &Tasks, health: &Health) -> anyhow::Result<u64> {
    let batches = async |group| Batches::replay(&app.settings, group, tasks, health).await;
    Ok(match app.service {
        Service::Dedup => {
            let judge = suban_dedup::Judge::of(app).await?;
            counted(batches(suban_dedup::GROUP).await?, judge, |with, batch| {
                Box::pin(async move { suban_dedup::judge(with, batch).await })
            })
            .await?
        }
        Service::Dispatch => {
            let desk = suban_dispatch::Desk::of(app).await?;
            counted(batches(suban_dispatch::GROUP).await?, desk, |with, batch| {
                Box::pin(async move { suban_dispatch::dispatch(with, batch).await })
            })
            .await?
        }
        Service::Followup => {
            counted(batches(suban_followup::GROUP).await?, app.clone(), |with, batch| {
                Box::pin(async move { suban_followup::follow(with, batch).await })
            })
            .await?
        }
        Service::Scoring => {
            counted(batches(suban_scoring::GROUP).await?, app.clone(), |with, batch| {
                Box::pin(async move { suban_scoring::count(with, batch).await })
            })
            .await?
        }
        Service::Intake | Service::Gateway => 0,
    })
}

async fn counted<C: Send + Sync + 'static>(batches: Batches, with: C, handler: Handler<C>) -> anyhow::Result<u64> {
    let counted = Arc::new(Counted { with, messages: AtomicU64::new(0) });
    let context = (Arc::clone(&counted), handler);
    run(batches, context, |(counted, handler), batch| handler(counted.with(batch), batch)).await?;
    Ok(counted.messages.load(Ordering::Relaxed))
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
