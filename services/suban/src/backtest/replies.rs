//! `suban backtest replies`: which checks of D§11.4 fire on past replies, and how that agrees with marks by hand.
//!
//! Replies in the same words go to the same half. How rare a word is, is learned on half A; thresholds were chosen
//! there, and half B tells what they are worth. Whether a reply is about the same thing has no marks: every reply is
//! also laid beside somebody else's message, and the two kinds of pairs must come apart.

mod rows;
mod sums;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use serde::Serialize;
use suban_text::{
    Segmenter,
    reply::{Asked, Checker, Finding, LIKENESS, Measures, ONE_ANSWER, Rarity, Reply},
};

use self::{
    rows::{Row, in_a, read},
    sums::{Agreement, Apart, Chosen, RuleSum, agreement, apart, chosen, rule_sums},
};
use super::{
    args::Replies,
    figures::{Quantiles, speed},
};
use crate::print;

/// What a run found.
#[derive(Debug, Serialize)]
struct Report {
    a: Half,
    b: Half,
    /// The thresholds that are built in.
    built_in: Chosen,
    /// Those that half A would choose.
    chosen_on_a: Chosen,
    ms: Quantiles,
    per_s: Option<f64>,
}

/// One half.
#[derive(Debug, Serialize)]
struct Half {
    n: usize,
    rules: Vec<RuleSum>,
    agreement: Agreement,
    off_topic: Apart,
}

/// A reply, looked at.
struct Looked<'a> {
    row: &'a Row,
    measures: Measures,
    findings: Vec<Finding>,
    /// How like it is to somebody else's message.
    strange: Option<f64>,
    took: Duration,
}

/// Runs it.
pub(super) fn run(how: &Replies) -> anyhow::Result<ExitCode> {
    let rows = read(&how.replies)?;
    let (a, b): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(in_a);
    let segmenter = Segmenter::default();
    let messages: Vec<String> = a.iter().map(|row| format!("{} {}", row.title, row.text)).collect();
    let rarity = Rarity::learn(&segmenter, messages.iter().map(String::as_str));
    let checker = Checker::new(segmenter, rarity);
    let (a, b) = (looked(&checker, &a), looked(&checker, &b));
    let (ms, per_s) = speed(a.iter().chain(&b).map(|l| l.took));
    let report = Report {
        a: half(&a),
        b: half(&b),
        built_in: Chosen { one_answer: ONE_ANSWER, likeness: Some(LIKENESS) },
        chosen_on_a: chosen(&a),
        ms,
        per_s,
    };
    if how.json {
        print::json(&report)?
    } else {
        tell(&report)
    }
    if how.show > 0 {
        print::out(&disagreements(&b, how.show));
    }
    Ok(ExitCode::SUCCESS)
}

fn looked<'a>(checker: &Checker, rows: &[&'a Row]) -> Vec<Looked<'a>> {
    let asked = |row: &'a Row| Asked { title: &row.title, words: &row.text, kind: None };
    let each = |(at, row): (usize, &&'a Row)| {
        let reply = Reply { text: &row.reply, on: row.on, outcome: None };
        let began = Instant::now();
        let (measures, findings) = checker.look(&reply, &asked(row));
        let took = began.elapsed();
        // Half the half away, so that neighbours in time or place do not meet.
        let other = rows.get((at + rows.len() / 2) % rows.len()).filter(|other| other.text != row.text);
        let strange = other.and_then(|other| checker.look(&reply, &asked(other)).0.likeness);
        Looked { row, measures, findings, strange, took }
    };
    rows.iter().enumerate().map(each).collect()
}

fn half(looked: &[Looked<'_>]) -> Half {
    Half { n: looked.len(), rules: rule_sums(looked), agreement: agreement(looked), off_topic: apart(looked) }
}

fn tell(report: &Report) {
    for (name, half) in [("A (thresholds chosen here)", &report.a), ("B", &report.b)] {
        print::out(&format!("half {name}: {} replies", half.n));
        let rows: Vec<Vec<String>> = half.rules.iter().map(line).collect();
        print::table(
            &[
                "rule",
                "check",
                "fired",
                "share",
                "marked bad if fired",
                "if not",
                "of all marked bad",
                "complete if fired",
                "if not",
            ],
            &rows,
        );
        let Agreement { marked_bad, marked, findings_auc, any_look, substance_auc, length_auc } = &half.agreement;
        print::out(&format!(
            "{marked_bad} of {marked} marked as explaining nothing; told apart (AUC) by findings {}, by letters of \
             substance {}, by length alone {}; with a finding that needs a person: {} of those marked bad, {} of the others",
            shown(*findings_auc),
            shown(*substance_auc),
            shown(*length_auc),
            shown(any_look.of_bad),
            shown(any_look.of_good),
        ));
        let Apart { pairs, strangers, auc, fired_on_own, fired_on_strangers } = &half.off_topic;
        print::out(&format!(
            "off topic: {pairs} pairs and {strangers} with somebody else's message come apart with AUC {}; it fires on {} \
             of the former and {} of the latter\n",
            shown(*auc),
            shown(*fired_on_own),
            shown(*fired_on_strangers)
        ));
    }
    let chosen = |c: &Chosen| format!("one answer {} characters, likeness {}", c.one_answer, shown(c.likeness));
    print::out(&format!(
        "built in: {}; half A would choose: {}",
        chosen(&report.built_in),
        chosen(&report.chosen_on_a)
    ));
    let Quantiles { p50, p99 } = report.ms;
    print::out(&format!(
        "p50 {} ms, p99 {} ms, {} replies a second on one core",
        shown(p50),
        shown(p99),
        shown(report.per_s)
    ));
}

fn line(sum: &RuleSum) -> Vec<String> {
    vec![
        sum.rule.to_owned(),
        sum.check.to_owned(),
        sum.fired.to_string(),
        shown(sum.share),
        shown(sum.bad_if_fired),
        shown(sum.bad_if_not),
        shown(sum.of_all_bad),
        shown(sum.complete_if_fired),
        shown(sum.complete_if_not),
    ]
}

/// Replies on which the findings and the mark disagree, spread over all of them.
fn disagreements(looked: &[Looked<'_>], most: usize) -> String {
    let disagree =
        |l: &&Looked<'_>| l.row.explains.is_some_and(|explains| explains == sums::needs_a_person(&l.findings));
    let all: Vec<&Looked<'_>> = looked.iter().filter(disagree).collect();
    let step = all.len().div_ceil(most.max(1)).max(1);
    let mut text = format!("{} disagree\n", all.len());
    for l in all.into_iter().step_by(step) {
        let mark = if l.row.explains == Some(true) { "marked good" } else { "marked bad" };
        let beginning: String = l.row.reply.chars().take(160).collect();
        text += &format!("\n{mark} | {} | {beginning}\n", l.row.title);
        for finding in &l.findings {
            text += &format!("  {} {}: {}\n", finding.rule.code(), finding.severity.code(), finding.zh);
        }
    }
    text
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| if v < 100.0 { format!("{v:.3}") } else { format!("{v:.0}") })
}
