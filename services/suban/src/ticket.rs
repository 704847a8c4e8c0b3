//! `suban ticket`: one ticket's clocks, for whoever has to explain them.

use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;
use suban_domain::{
    At, Limits, Span, TicketNumber, UnitCode,
    calendar::Measure,
    timeline::{Holder, Standstill, Timeline, Whose},
};
use suban_runtime::Settings;
use suban_store::Store;

use crate::{args::TicketVerb, demo::open_store, print};

/// `suban ticket`.
pub(crate) async fn command(settings: &Settings, what: &TicketVerb) -> anyhow::Result<ExitCode> {
    match what {
        TicketVerb::Clocks { number, json } => {
            let clocks = clocks(&open_store(settings).await?, number).await?;
            if *json { print::json(&clocks)? } else { show(&clocks) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The time line as it is printed; times by the city's clock.
#[derive(Debug, Serialize)]
struct Clocks {
    number: String,
    whole_seconds: i64,
    stretches: Vec<Stretch>,
    whose_seconds: Vec<(&'static str, i64)>,
    running: Vec<Running>,
    moves: Vec<Move>,
}

#[derive(Debug, Serialize)]
struct Stretch {
    from: String,
    until: String,
    seconds: i64,
    state: &'static str,
    holder: String,
    whose: &'static str,
    standstill: Option<String>,
}

#[derive(Debug, Serialize)]
struct Running {
    unit: Option<String>,
    timer: &'static str,
    due: String,
    left_seconds: i64,
    measure: &'static str,
}

#[derive(Debug, Serialize)]
struct Move {
    at: String,
    by: &'static str,
    unit: Option<String>,
    timer: &'static str,
    before: Option<String>,
    after: Option<String>,
}

async fn clocks(store: &Store, number: &str) -> anyhow::Result<Clocks> {
    let number: TicketNumber = number.parse().with_context(|| format!("{number} is no ticket's number"))?;
    let ticket = store.by_numbers(std::slice::from_ref(&number)).await?.remove(&number);
    let ticket = ticket.with_context(|| format!("there is no ticket {number}"))?;
    let log = store.log(ticket.id, 0).await?;
    let line = Timeline::of(&log, store.clock().now(), &Limits::sz_district())?;
    let local = |at: At| store.zone().to_datetime(at.timestamp()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let unit = |unit: &Option<UnitCode>| unit.as_ref().map(ToString::to_string);
    Ok(Clocks {
        number: number.to_string(),
        whole_seconds: seconds(line.whole()),
        stretches: line
            .stretches
            .iter()
            .map(|s| Stretch {
                from: local(s.from),
                until: local(s.until),
                seconds: seconds(s.length()),
                state: s.state.code(),
                holder: holder(&s.holder),
                whose: whose(s.whose),
                standstill: s.standstill.as_ref().map(standstill),
            })
            .collect(),
        whose_seconds: line.by_whose().into_iter().map(|(w, span)| (whose(w), seconds(span))).collect(),
        running: line
            .running
            .iter()
            .map(|r| Running {
                unit: unit(&r.unit),
                timer: r.timer.code(),
                due: local(r.due),
                left_seconds: seconds(r.left),
                measure: measure(r.measure),
            })
            .collect(),
        moves: line
            .moves
            .iter()
            .map(|m| Move {
                at: local(m.at),
                by: m.by,
                unit: unit(&m.unit),
                timer: m.timer.code(),
                before: m.before.map(local),
                after: m.after.map(local),
            })
            .collect(),
    })
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

fn seconds(span: Span) -> i64 {
    span.as_micros().div_euclid(1_000_000)
}

/// `2 d 03:04:05`; late ones with a minus.
fn told(seconds: i64) -> String {
    let (sign, s) = if seconds < 0 { ("-", -seconds) } else { ("", seconds) };
    let clock = format!("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60);
    if s >= 86_400 { format!("{sign}{} d {clock}", s / 86_400) } else { format!("{sign}{clock}") }
}

fn holder(holder: &Holder) -> String {
    match holder {
        Holder::Unit(unit) => unit.to_string(),
        Holder::Centre => "中心 centre".to_owned(),
        Holder::Citizen => "市民 citizen".to_owned(),
        Holder::Upstream => "上级平台 upper platform".to_owned(),
        Holder::Master(_) => "主单 master".to_owned(),
        Holder::Nobody => "–".to_owned(),
    }
}

const fn whose(whose: Whose) -> &'static str {
    match whose {
        Whose::Unit => "单位 unit",
        Whose::Centre => "中心 centre",
        Whose::Citizen => "市民 citizen",
        Whose::Nobody => "– nobody",
    }
}

fn standstill(why: &Standstill) -> String {
    match why {
        Standstill::Info(_) => "待补充 waits for information".to_owned(),
        Standstill::Suspended(reason) => format!("挂起 suspended: {}", reason.zh()),
        Standstill::Merged => "并案 merged".to_owned(),
    }
}

const fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Natural => "自然时间 natural",
        Measure::Working => "工作时间 working",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_by_days_and_the_clock() {
        assert_eq!(told(59), "00:00:59");
        assert_eq!(told(2 * 86_400 + 3 * 3600 + 4 * 60 + 5), "2 d 03:04:05");
        assert_eq!(told(-90), "-00:01:30");
    }
}
