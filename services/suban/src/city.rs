//! The simulated city: citizens, operators, handlers and call-back agents, through the public faces only.
//!
//! The same seed plays the same city. Everything in it is invented: names are rare ones, phones come from one
//! reserved range ([`PHONES`]), places from the demo catalogue. Some of them are put into handlers' texts on
//! purpose, so that the audit can search for them. Every figure made with it is synthetic.

mod people;
mod staff;

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde::Serialize;
use suban_domain::Channel;
use suban_proto::v1;
use suban_runtime::Settings;
use suban_text::Catalogue;
use tokio::sync::Semaphore;

use crate::{
    args::City,
    journal::{Entry, Journal},
    print,
};

pub(crate) use people::PHONES;
pub(crate) use staff::Staff;

/// Submissions under way at once.
const AT_ONCE: usize = 32;
/// Rounds without any work left after which the city goes home.
const QUIET_ROUNDS: u32 = 6;
/// Between two looks at inboxes and queues.
const PAUSE: Duration = Duration::from_millis(300);

/// What the city saw.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Summary {
    /// Submissions acknowledged with a new number.
    pub(crate) submitted: u64,
    /// Answered with an old number.
    pub(crate) repeated: u64,
    /// By channel.
    pub(crate) by_channel: BTreeMap<&'static str, u64>,
    /// Contacts that became no ticket.
    pub(crate) contacts: u64,
    /// What staff did, by kind of act.
    pub(crate) acts: BTreeMap<&'static str, u64>,
    /// Calls that were refused, by code.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Real seconds from the first submission to the last act.
    pub(crate) seconds: f64,
}

/// `suban city`.
pub(crate) async fn command(settings: &Settings, how: &City) -> anyhow::Result<ExitCode> {
    let summary = play(settings, how).await?;
    if how.json {
        print::json(&summary)?;
    } else {
        show(&summary);
    }
    Ok(ExitCode::SUCCESS)
}

/// Plays the whole city and waits until nobody has anything left to do.
pub(crate) async fn play(settings: &Settings, how: &City) -> anyhow::Result<Summary> {
    let staff = Staff::hire(settings).await?;
    let journal = how.journal.as_deref().map(Journal::open).transpose()?.map(Arc::new);
    let begun = std::time::Instant::now();
    let plan = Plan::of_city(staff.catalogue(), how);
    if let Some(journal) = &journal {
        journal.people(&plan.personal_values())?;
    }
    let mut summary = submit(&staff, plan, journal).await?;
    work(&staff, how.seed, &mut summary).await;
    summary.seconds = begun.elapsed().as_secs_f64();
    Ok(summary)
}

/// What citizens will say, decided before the first word.
struct Plan {
    requests: Vec<v1::SubmitRequest>,
}

impl Plan {
    fn of_city(catalogue: &Catalogue, how: &City) -> Self {
        let mut rng = StdRng::seed_from_u64(how.seed);
        let mut requests: Vec<v1::SubmitRequest> = Vec::new();
        for n in 0..how.tickets {
            let again: f64 = rng.random();
            let earlier = requests.len().checked_sub(1).map(|last| rng.random_range(last.saturating_sub(40)..=last));
            let request = match earlier.and_then(|i| requests.get(i)) {
                // The same person again 3 %, the same event by others 10 %, in bursts around the first.
                Some(first) if again < 0.03 => people::same_person(first),
                Some(first) if again < 0.13 => people::same_event(first, &mut rng),
                _ => people::demand(catalogue, &mut rng),
            };
            requests.push(v1::SubmitRequest {
                request_id: format!("city-{}-{n}", how.seed),
                source_system: "city".into(),
                source_id: format!("{}-{n}", how.seed),
                ..request
            });
        }
        Self { requests }
    }

    /// Everything that must be found nowhere in clear.
    fn personal_values(&self) -> Vec<String> {
        let mut values: Vec<String> = self
            .requests
            .iter()
            .filter_map(|r| r.requester.as_ref())
            .flat_map(|p| [p.name.clone(), p.phone.clone()])
            .filter(|v| !v.is_empty())
            .collect();
        values.sort();
        values.dedup();
        values
    }
}

async fn submit(staff: &Staff, plan: Plan, journal: Option<Arc<Journal>>) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut calls = tokio::task::JoinSet::new();
    for request in plan.requests {
        let permit = Arc::clone(&room).acquire_owned().await?;
        let channel = Channel::from_number(request.channel).map_or("?", Channel::code);
        let mut intake = staff.intake_for(request.channel);
        calls.spawn(async move {
            let key = (request.channel, request.source_system.clone(), request.source_id.clone());
            let answer = patiently(|| {
                let (mut intake, request) = (intake.clone(), request.clone());
                async move { intake.submit(request).await }
            })
            .await;
            let _ = &mut intake;
            drop(permit);
            (channel, key, answer)
        });
    }
    let mut entries = Vec::new();
    while let Some(done) = calls.join_next().await {
        let (channel, (code, system, source_id), answer) = done?;
        match answer {
            Ok(reply) => {
                let reply = reply.into_inner();
                if reply.repeated {
                    summary.repeated += 1;
                } else {
                    summary.submitted += 1;
                    *summary.by_channel.entry(channel).or_default() += 1;
                }
                entries.push(Entry {
                    channel: code,
                    system,
                    source_id,
                    number: reply.number,
                    ticket_id: reply.ticket_id,
                });
            }
            Err(status) => *summary.refused.entry(format!("submit {:?}", status.code())).or_default() += 1,
        }
        if entries.len() >= 100
            && let Some(journal) = &journal
        {
            journal.append(&std::mem::take(&mut entries)).await?;
        }
    }
    if let Some(journal) = &journal {
        journal.append(&entries).await?;
    }
    Ok(summary)
}

/// The same staff over demands that somebody else submits, until that is `told` to be over and nothing is left.
/// May be dropped at any await: what was done stands in `summary`.
pub(crate) async fn staff_work(
    settings: &Settings,
    seed: u64,
    told: &AtomicBool,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let staff = Staff::hire(settings).await?;
    while !told.load(Ordering::Acquire) {
        work(&staff, seed, summary).await;
    }
    work(&staff, seed, summary).await;
    Ok(())
}

/// Staff work in rounds until nothing is left for a while.
async fn work(staff: &Staff, seed: u64, summary: &mut Summary) {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
    let mut quiet = 0;
    while quiet < QUIET_ROUNDS {
        let before: u64 = summary.acts.values().sum();
        staff.dispatchers(summary, &mut rng).await;
        staff.units(summary, &mut rng).await;
        staff.callbacks(summary, &mut rng).await;
        let after: u64 = summary.acts.values().sum();
        quiet = if after == before { quiet + 1 } else { 0 };
        tokio::time::sleep(PAUSE).await;
    }
}

/// Calls again while a service is away: a city does not stop calling because a process died.
pub(crate) async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, tonic::Status>
where
    F: Future<Output = Result<T, tonic::Status>>,
{
    let mut wait = Duration::from_millis(50);
    for _ in 0..60 {
        match call().await {
            Err(status)
                if matches!(
                    status.code(),
                    tonic::Code::Unavailable
                        | tonic::Code::Aborted
                        | tonic::Code::DeadlineExceeded
                        | tonic::Code::Unknown
                ) =>
            {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(2));
            }
            answer => return answer,
        }
    }
    Err(tonic::Status::unavailable("given up after many attempts"))
}

/// A table that people can read.
pub(crate) fn show(summary: &Summary) {
    let mut rows = vec![
        vec!["受理 submitted".into(), summary.submitted.to_string()],
        vec!["重复来件 repeated".into(), summary.repeated.to_string()],
    ];
    rows.extend(summary.by_channel.iter().map(|(c, n)| vec![format!("  {c}"), n.to_string()]));
    rows.extend(summary.acts.iter().map(|(a, n)| vec![(*a).to_owned(), n.to_string()]));
    rows.extend(summary.refused.iter().map(|(a, n)| vec![format!("refused: {a}"), n.to_string()]));
    rows.push(vec!["seconds".into(), format!("{:.1}", summary.seconds)]);
    print::table(&["simulated city (synthetic)", "count"], &rows);
}

/// One of several, by the seed.
pub(crate) fn one_of<'a, T>(list: &'a [T], rng: &mut StdRng) -> Option<&'a T> {
    list.choose(rng)
}
