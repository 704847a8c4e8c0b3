//! What a bureau chief wants to know after a day: what came in by which way, what was merged, sent how and why,
//! done in time, to whose satisfaction, by which unit, and what is left.

use std::collections::BTreeMap;

use suban_domain::UnitCode;
use suban_proto::v1::{self, scoring_service_client::ScoringServiceClient};
use suban_runtime::{
    Secret, Service, Settings,
    grpc::{Outgoing, channel},
};

use crate::{city::Summary, print};

/// Units shown; the others are one line.
const UNITS: usize = 15;

type Scoring =
    ScoringServiceClient<tonic::service::interceptor::InterceptedService<tonic::transport::Channel, Outgoing>>;

/// Prints it, as scoring counts it; why people dispatched is what the city's dispatchers saw. Answers with the units
/// that got most tickets, the busiest first.
pub(crate) async fn show(
    settings: &Settings,
    token: Secret,
    until: i64,
    played: &Summary,
) -> anyhow::Result<Vec<UnitCode>> {
    let line = channel(&settings.peer(Service::Scoring), settings).await?;
    let mut scoring = ScoringServiceClient::with_interceptor(line, Outgoing::new(&token)?);
    let by_channel = figures(&mut scoring, v1::GroupBy::Channel, until).await?;
    let by_unit = figures(&mut scoring, v1::GroupBy::Unit, until).await?;
    if let Some(total) = &by_unit.total {
        print::table(&["总览 overview (synthetic)", ""], &overview(total, &by_channel.rows, &played.by_hand));
    }
    print::out("");
    let mut busiest: Vec<&v1::FiguresRow> = by_unit.rows.iter().collect();
    busiest.sort_by_key(|unit| std::cmp::Reverse(unit.dispatched));
    let busiest = busiest.iter().filter_map(|unit| UnitCode::new(unit.key.as_str()).ok()).collect();
    print::table(
        &[
            "承办单位 unit",
            "派单 sent",
            "结案 closed",
            "未结 open",
            "签收及时 signed in time",
            "按时 on time",
            "满意 satisfied",
        ],
        &units(by_unit.rows),
    );
    if settings.demo.rate > FAST {
        print::out(&format!(
            "The clock ran {} times as fast as the machine's: a second of work here is {} there. What was signed or done \
             in time says nothing about anybody at that speed.",
            settings.demo.rate,
            span(settings.demo.rate),
        ));
    }
    Ok(busiest)
}

/// Above this many city seconds a second, the machine's own pace decides what is late.
const FAST: f64 = 600.0;

fn span(seconds: f64) -> String {
    if seconds >= 86_400.0 {
        format!("{:.1} days", seconds / 86_400.0)
    } else {
        format!("{:.1} hours", seconds / 3600.0)
    }
}

async fn figures(scoring: &mut Scoring, by: v1::GroupBy, until: i64) -> anyhow::Result<v1::FiguresReply> {
    let ask = v1::FiguresRequest {
        from: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
        to: Some(prost_types::Timestamp { seconds: until, nanos: 0 }),
        group_by: by.into(),
        only: String::new(),
    };
    Ok(scoring.figures(ask).await?.into_inner())
}

fn rate(rate: &Option<v1::Rate>) -> String {
    match rate {
        Some(r) if r.of > 0.0 => format!("{:.1} % ({:.0}/{:.0})", 100.0 * r.count / r.of, r.count, r.of),
        _ => "–".to_owned(),
    }
}

fn overview(
    total: &v1::FiguresRow,
    channels: &[v1::FiguresRow],
    by_hand: &BTreeMap<&'static str, u64>,
) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![row("受理 received", total.received.to_string())];
    let mut channels: Vec<&v1::FiguresRow> = channels.iter().collect();
    channels.sort_by_key(|channel| std::cmp::Reverse(channel.received));
    rows.extend(channels.iter().map(|c| row(&format!("  {} {}", c.name_zh, c.name_en), c.received.to_string())));
    let manual = total.dispatched.saturating_sub(total.dispatched_auto);
    rows.push(row("并案 merged into another", total.merged.to_string()));
    rows.push(row("自动分拨 dispatched automatically", total.dispatched_auto.to_string()));
    rows.push(row("人工分拨 dispatched by a person", manual.to_string()));
    rows.extend(by_hand.iter().map(|(reason, n)| row(&format!("  {reason}"), n.to_string())));
    rows.push(row("签收及时 signed in time", rate(&total.signed_in_time)));
    rows.push(row("按时办结 handled in time", rate(&total.handled_in_time)));
    rows.push(row("解决 solved", rate(&total.solved)));
    rows.push(row("满意 satisfied", rate(&total.satisfied)));
    rows.push(row("未接通 nobody reached", total.unreached.to_string()));
    rows.push(row("重办 done again", rate(&total.redone)));
    rows.push(row("结案 closed", total.closed.to_string()));
    rows.push(row("未结 unfinished", total.unfinished.to_string()));
    rows
}

fn units(mut rows: Vec<v1::FiguresRow>) -> Vec<Vec<String>> {
    rows.sort_by_key(|unit| std::cmp::Reverse(unit.dispatched));
    let (shown, others) = rows.split_at(rows.len().min(UNITS));
    let mut table: Vec<Vec<String>> = shown
        .iter()
        .map(|unit| {
            vec![
                unit.name_zh.clone(),
                unit.dispatched.to_string(),
                unit.closed.to_string(),
                unit.unfinished.to_string(),
                rate(&unit.signed_in_time),
                rate(&unit.handled_in_time),
                rate(&unit.satisfied),
            ]
        })
        .collect();
    if !others.is_empty() {
        let sum = |of: fn(&v1::FiguresRow) -> u64| others.iter().map(of).sum::<u64>().to_string();
        let mut last = vec![format!("其余 {} 个单位 others", others.len())];
        last.extend([sum(|u| u.dispatched), sum(|u| u.closed), sum(|u| u.unfinished)]);
        last.extend(["", "", ""].map(str::to_owned));
        table.push(last);
    }
    table
}
