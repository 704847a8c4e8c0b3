//! `suban ticket`: one ticket's clocks, for whoever has to explain them, and its whole file, for whoever inspects it.

pub(crate) mod file;

use std::process::ExitCode;

use anyhow::Context as _;
use suban_domain::{Ticket, TicketNumber};
use suban_runtime::Settings;
use suban_service::clocks::{Clocks, told};
use suban_store::Store;

use crate::{args::TicketVerb, demo::open_store, print};

/// `suban ticket`.
pub(crate) async fn command(settings: &Settings, what: &TicketVerb) -> anyhow::Result<ExitCode> {
    match what {
        TicketVerb::Clocks { number, json } => {
            let clocks = clocks(&open_store(settings).await?, number).await?;
            if *json { print::json(&clocks)? } else { show(&clocks) }
        }
        TicketVerb::File(how) => file::print_file(&open_store(settings).await?, how).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn clocks(store: &Store, number: &str) -> anyhow::Result<Clocks> {
    let ticket = numbered(store, number).await?;
    let log = store.log(ticket.id, 0).await?;
    Ok(Clocks::of(ticket.number.as_str(), &log, store.clock().now(), store.zone())?)
}

/// The ticket with this number.
pub(crate) async fn numbered(store: &Store, number: &str) -> anyhow::Result<Ticket> {
    let number: TicketNumber = number.parse().with_context(|| format!("{number} is no ticket's number"))?;
    let ticket = store.by_numbers(std::slice::from_ref(&number)).await?.remove(&number);
    ticket.with_context(|| format!("there is no ticket {number}"))
}

fn show(clocks: &Clocks) {
    print::out(&format!("{} 共 in all {}", clocks.number, told(clocks.whole_seconds)));
    let rows: Vec<Vec<String>> = clocks
        .stretches
        .iter()
        .map(|s| {
            let standstill = s.standstill.clone().unwrap_or_default();
            vec![s.from.clone(), told(s.seconds), s.state.into(), s.holder.clone(), s.whose.into(), standstill]
        })
        .collect();
    print::table(
        &["from 起", "how long 时长", "state 状态", "who held it 持有", "whose time 计时", "stood still 暂停"],
        &rows,
    );
    let rows: Vec<Vec<String>> =
        clocks.whose_seconds.iter().map(|(whose, seconds)| vec![(*whose).to_owned(), told(*seconds)]).collect();
    print::table(&["whose time 计时", "in all 合计"], &rows);
    let rows: Vec<Vec<String>> = clocks
        .running
        .iter()
        .map(|r| {
            let unit = r.unit.clone().unwrap_or_default();
            vec![r.timer.into(), unit, r.due.clone(), told(r.left_seconds), r.measure.into()]
        })
        .collect();
    print::table(&["clock 时限", "unit 单位", "due 到期", "left 剩余", "time 口径"], &rows);
    let rows: Vec<Vec<String>> = clocks
        .moves
        .iter()
        .map(|m| {
            let due = |due: &Option<String>| due.clone().unwrap_or_else(|| "–".to_owned());
            vec![m.at.clone(), m.by.into(), m.timer.into(), due(&m.before), due(&m.after)]
        })
        .collect();
    print::table(&["at 时间", "event 事件", "clock 时限", "due before 原到期", "due after 新到期"], &rows);
}
