//! `suban dedup`: why two tickets are thought to be one matter, or not; and how often that is right.

use std::process::ExitCode;

use suban_dedup::{
    Judge,
    explain::explain,
    tables::answers::{Quality, quality},
};
use suban_domain::Span;
use suban_likeness::explain::Explained;
use suban_runtime::{Health, Service, Settings, Tasks};
use suban_service::App;

use crate::{args::DedupVerb, demo::open_store, print, ticket};

/// `suban dedup`.
pub(crate) async fn command(settings: Settings, what: &DedupVerb) -> anyhow::Result<ExitCode> {
    match what {
        DedupVerb::Explain { ticket, other, json } => {
            let why = why(settings, ticket, other).await?;
            if *json { print::json(&why)? } else { tell(&why) }
        }
        DedupVerb::Quality { weeks, json } => {
            let store = open_store(&settings).await?;
            let since = store.clock().now().minus(Span::days(7 * i64::from(*weeks)));
            let weeks = quality(store.pool(), since, &settings.city.zone).await?;
            if *json { print::json(&weeks)? } else { show(&weeks) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(weeks: &[Quality]) {
    let rows: Vec<Vec<String>> = weeks
        .iter()
        .map(|of| {
            vec![
                of.week.clone(),
                of.matter.clone(),
                of.asked.to_string(),
                print::share(of.confirmed, of.confirmed + of.rejected),
                format!("{}/{}", of.checked_right, of.checked),
            ]
        })
        .collect();
    print::table(&["周 week", "事项 matter", "提示 asked", "确认 confirmed", "抽检 checked"], &rows);
}

async fn why(settings: Settings, number: &str, other: &str) -> anyhow::Result<Explained> {
    anyhow::ensure!(number != other, "a ticket is no duplicate of itself; name two");
    let (tasks, health) = (Tasks::new(), Health::new());
    let drain = settings.limits.drain;
    let app = App::start(Service::Dedup, settings, tasks.clone(), health.clone()).await?;
    let why = async {
        let (ticket, other) = (ticket::numbered(&app.store, number).await?, ticket::numbered(&app.store, other).await?);
        Ok(explain(&Judge::of(&app).await?, &ticket, &other).await?)
    }
    .await;
    drop(app);
    tasks.stop_within(&health, drain).await?;
    why
}

fn tell(why: &Explained) {
    print::out(&format!("{} {}\n{} {}", why.class.zh, why.act.zh, why.class.en, why.act.en));
    print::out(&format!("可能性 probability {:.3}, 得分 score {:.2}", why.probability, why.score));
    let rows: Vec<Vec<String>> = why
        .reasons
        .iter()
        .map(|reason| vec![format!("{:+.2}", reason.adds), reason.said.zh.clone(), reason.said.en.clone()])
        .collect();
    print::table(&["points 分", "依据", "because"], &rows);
    for said in &why.passed_over {
        print::out(&format!("- {} {}", said.zh, said.en));
    }
    for guard in &why.guards {
        print::out(&format!("! {} {}", guard.zh, guard.en));
    }
}
