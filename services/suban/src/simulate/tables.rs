//! What a simulation prints for people.

use suban_simulation::{Ablation, Changes, PolicyReport, Report, Spread};

use super::Printed;
use crate::print;

/// All of it.
pub(super) fn text(printed: &Printed) -> String {
    let Printed { arrivals, report } = printed;
    let mut parts = vec![
        format!(
            "{}: {} rows, {} skipped, {} to {}; limits {}, calendar {}{}; seeds 1 to {}, {} runs each",
            arrivals.file,
            arrivals.rows_read,
            arrivals.rows_skipped,
            arrivals.from.as_deref().unwrap_or("-"),
            arrivals.until.as_deref().unwrap_or("-"),
            report.versions.limits,
            report.versions.calendar,
            if report.versions.calendar_estimated {
                " (in part estimated: years without an official notice)"
            } else {
                ""
            },
            report.seeds.len(),
            report.assumptions_per_seed
        ),
        String::new(),
        figures(report),
    ];
    if let Some(ablation) = &report.ablation {
        let row = |part: &Ablation| {
            let (alone, all_but) = (&part.alone, &part.all_but);
            let zh = match part.part {
                "sign" => "签收",
                "dispatch" => "分拨",
                "merging" => "并案",
                "urging" => "催办",
                _ => "",
            };
            vec![
                format!("{} {zh}", part.part),
                percent(&alone.time_to_sign_h),
                percent(&alone.time_to_close_h),
                points(&alone.on_time_share),
                percent(&all_but.time_to_close_h),
            ]
        };
        let head = [
            "part 环节",
            "alone: sign 单独:签收",
            "alone: close 单独:办结",
            "alone: on time 单独:按时",
            "all but it: close 缺此项:办结",
        ];
        parts.extend([String::new(), print::table_text(&head, &ablation.iter().map(row).collect::<Vec<_>>())]);
    }
    parts.push(String::new());
    if let Some(observed) = &arrivals.observed {
        parts.push(format!("the file's own outcomes 实际: {observed}"));
    }
    let (was, published) = (report.change.time_to_close_h, report.published);
    parts.push(format!("mean time to close 平均办结时长: {}", percent(&was)));
    parts.push(format!("published 公布: {:.2} %, {}", published.change * 100.0, published.source));
    if !report.same_world {
        parts.push("the policies assume different cities: the change is also that of their assumptions".to_owned());
    }
    parts.join("\n")
}

fn figures(report: &Report) -> String {
    let Changes { time_to_sign_h, time_to_contact_h, time_to_close_h, time_to_close_p50_h, on_time_share } =
        &report.change;
    type Figure = fn(&PolicyReport) -> String;
    let none = String::new;
    let rows: [(&str, Figure, String); 15] = [
        ("tickets 工单", |p| count(&p.tickets), none()),
        ("merged 并案", |p| count(&p.merged), none()),
        ("returned 退单", |p| count(&p.returned), none()),
        ("sent automatically 自动分拨", |p| share(&p.automatic_share), none()),
        ("right first time 一次派准", |p| share(&p.right_first_time), none()),
        ("to sign 签收, h: mean", |p| hours(&p.time_to_sign_h.mean), percent(time_to_sign_h)),
        ("  p50", |p| hours(&p.time_to_sign_h.p50), none()),
        ("  p90", |p| hours(&p.time_to_sign_h.p90), none()),
        ("to contact 首次联系, h: mean", |p| hours(&p.time_to_contact_h.mean), percent(time_to_contact_h)),
        ("  p50", |p| hours(&p.time_to_contact_h.p50), none()),
        ("  p90", |p| hours(&p.time_to_contact_h.p90), none()),
        ("to close 办结, h: mean", |p| hours(&p.time_to_close_h.mean), percent(time_to_close_h)),
        ("  p50", |p| hours(&p.time_to_close_h.p50), percent(time_to_close_p50_h)),
        ("  p90", |p| hours(&p.time_to_close_h.p90), none()),
        ("on time 按时办结", |p| share(&p.on_time_share), points(on_time_share)),
    ];
    let mut head = vec!["figure 指标"];
    head.extend(report.policies.iter().map(|policy| policy.name.as_str()));
    head.push("change 变化");
    let row = |(name, figure, change): (&str, Figure, String)| {
        std::iter::once(name.to_owned()).chain(report.policies.iter().map(figure)).chain([change]).collect()
    };
    print::table_text(&head, &rows.into_iter().map(row).collect::<Vec<Vec<String>>>())
}

fn count(spread: &Spread) -> String {
    format!("{:.0} ({:.0} to {:.0})", spread.mid, spread.low, spread.high)
}

fn hours(spread: &Spread) -> String {
    format!("{:.1} ({:.1} to {:.1})", spread.mid, spread.low, spread.high)
}

fn share(spread: &Spread) -> String {
    format!("{:.3} ({:.3} to {:.3})", spread.mid, spread.low, spread.high)
}

fn percent(spread: &Spread) -> String {
    let hundred = |value: f64| value * 100.0;
    format!("{:+.1} % ({:+.1} to {:+.1})", hundred(spread.mid), hundred(spread.low), hundred(spread.high))
}

fn points(spread: &Spread) -> String {
    format!("{:+.3} ({:+.3} to {:+.3})", spread.mid, spread.low, spread.high)
}
