//! What findings on replies come to beside the marks.

use std::cmp::Reverse;

use serde::Serialize;
use suban_text::reply::{Finding, LIKENESS, Rule, Severity};

use super::Looked;

/// One rule beside the marks.
#[derive(Debug, Serialize)]
pub(super) struct RuleSum {
    pub(super) rule: &'static str,
    /// The name of D§11.4.
    pub(super) check: &'static str,
    pub(super) fired: usize,
    pub(super) share: Option<f64>,
    /// Of the marked replies on which it fired, how many were marked as explaining nothing.
    pub(super) bad_if_fired: Option<f64>,
    pub(super) bad_if_not: Option<f64>,
    /// Of those marked as explaining nothing, on how many it fired.
    pub(super) of_all_bad: Option<f64>,
    /// Mean of the other mark, which fewer replies have: complete.
    pub(super) complete_if_fired: Option<f64>,
    pub(super) complete_if_not: Option<f64>,
}

/// How well replies that explain nothing are told from the others.
#[derive(Debug, Serialize)]
pub(super) struct Agreement {
    pub(super) marked: usize,
    pub(super) marked_bad: usize,
    /// By what the findings weigh together.
    pub(super) findings_auc: Option<f64>,
    /// By the letters of substance.
    pub(super) substance_auc: Option<f64>,
    /// By the length alone: what any rule has to be compared with.
    pub(super) length_auc: Option<f64>,
    /// Share with a finding that a person must look at or that blocks.
    pub(super) any_look: Shares,
}

#[derive(Debug, Serialize)]
pub(super) struct Shares {
    pub(super) of_bad: Option<f64>,
    pub(super) of_good: Option<f64>,
}

/// Replies beside their own message and beside somebody else's.
#[derive(Debug, Serialize)]
pub(super) struct Apart {
    pub(super) pairs: usize,
    pub(super) strangers: usize,
    pub(super) auc: Option<f64>,
    pub(super) fired_on_own: Option<f64>,
    pub(super) fired_on_strangers: Option<f64>,
}

/// Thresholds.
#[derive(Debug, Serialize)]
pub(super) struct Chosen {
    /// Letters of substance of an answer to one question.
    pub(super) one_answer: usize,
    pub(super) likeness: Option<f64>,
}

/// Of the pairs that belong together, so many may be taken for strangers.
const FALSE_STRANGERS: f64 = 0.04;

/// Every rule, in order.
pub(super) fn rule_sums(looked: &[Looked<'_>]) -> Vec<RuleSum> {
    let sum = |rule: Rule| {
        let fires = |l: &Looked<'_>| l.findings.iter().any(|f| f.rule == rule);
        let (fired, not): (Vec<&Looked<'_>>, Vec<&Looked<'_>>) = looked.iter().partition(|l| fires(l));
        let bad = |of: &[&Looked<'_>]| mean(of.iter().filter_map(|l| l.row.explains.map(|good| !good)));
        let complete = |of: &[&Looked<'_>]| mean(of.iter().filter_map(|l| l.row.complete));
        RuleSum {
            rule: rule.code(),
            check: rule.check().zh(),
            fired: fired.len(),
            share: mean(looked.iter().map(fires)),
            bad_if_fired: bad(&fired),
            bad_if_not: bad(&not),
            of_all_bad: mean(looked.iter().filter(|l| l.row.explains == Some(false)).map(fires)),
            complete_if_fired: complete(&fired),
            complete_if_not: complete(&not),
        }
    };
    Rule::ALL.into_iter().map(sum).collect()
}

/// Does anything here keep the reply from being accepted by itself?
pub(super) fn needs_a_person(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.severity >= Severity::Look)
}

pub(super) fn agreement(looked: &[Looked<'_>]) -> Agreement {
    let of = |good: bool| looked.iter().filter(move |l| l.row.explains == Some(good));
    let by = |value: fn(&Looked<'_>) -> f64| auc(of(true).map(value).collect(), of(false).map(value).collect());
    let weight = |l: &Looked<'_>| {
        let each = |f: &Finding| match f.severity {
            Severity::Advice => 1,
            Severity::Look => 4,
            Severity::Blocks => 16,
        };
        -f64::from(l.findings.iter().map(each).sum::<u32>())
    };
    Agreement {
        marked: of(true).count() + of(false).count(),
        marked_bad: of(false).count(),
        findings_auc: by(weight),
        substance_auc: by(|l| l.measures.substance as f64),
        length_auc: by(|l| l.measures.letters as f64),
        any_look: Shares {
            of_bad: mean(of(false).map(|l| needs_a_person(&l.findings))),
            of_good: mean(of(true).map(|l| needs_a_person(&l.findings))),
        },
    }
}

pub(super) fn apart(looked: &[Looked<'_>]) -> Apart {
    let own: Vec<f64> = looked.iter().filter_map(|l| l.measures.likeness).collect();
    let strangers: Vec<f64> = looked.iter().filter_map(|l| l.strange).collect();
    Apart {
        pairs: own.len(),
        strangers: strangers.len(),
        fired_on_own: mean(own.iter().map(|l| *l < LIKENESS)),
        fired_on_strangers: mean(strangers.iter().map(|l| *l < LIKENESS)),
        auc: auc(own, strangers),
    }
}

/// What these replies would choose: the letters that part good from bad best, and the likeness below which few pairs
/// that belong together lie.
pub(super) fn chosen(looked: &[Looked<'_>]) -> Chosen {
    let of = |good: bool| -> Vec<usize> {
        looked.iter().filter(|l| l.row.explains == Some(good)).map(|l| l.measures.substance).collect()
    };
    let (good, bad) = (of(true), of(false));
    let below = |of: &[usize], letters: usize| mean(of.iter().map(|n| *n < letters)).unwrap_or(0.0);
    let apart = |letters: usize| below(&bad, letters) - below(&good, letters);
    let best = (1..200).max_by(|a, b| apart(*a).total_cmp(&apart(*b)).then(Reverse(a).cmp(&Reverse(b))));
    let mut own: Vec<f64> = looked.iter().filter_map(|l| l.measures.likeness).collect();
    own.sort_by(f64::total_cmp);
    Chosen { one_answer: best.unwrap_or(0), likeness: own.get((own.len() as f64 * FALSE_STRANGERS) as usize).copied() }
}

fn mean(of: impl Iterator<Item = bool>) -> Option<f64> {
    let (mut yes, mut all) = (0_u32, 0_u32);
    for one in of {
        yes += u32::from(one);
        all += 1;
    }
    (all > 0).then(|| f64::from(yes) / f64::from(all))
}

/// How often a good one lies above a bad one, ties half: 1 tells them apart, 0.5 says nothing.
fn auc(good: Vec<f64>, mut bad: Vec<f64>) -> Option<f64> {
    if good.is_empty() || bad.is_empty() {
        return None;
    }
    bad.sort_by(f64::total_cmp);
    let below = |value: f64| bad.partition_point(|b| *b < value) + bad.partition_point(|b| *b <= value);
    let sum: usize = good.iter().map(|value| below(*value)).sum();
    Some(sum as f64 / 2.0 / good.len() as f64 / bad.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_counts_pairs_and_halves_ties() {
        assert_eq!(auc(vec![2.0, 3.0], vec![1.0]), Some(1.0));
        assert_eq!(auc(vec![1.0], vec![1.0]), Some(0.5));
        assert_eq!(auc(vec![0.0, 2.0], vec![1.0]), Some(0.5));
        assert_eq!(auc(vec![], vec![1.0]), None);
    }

    #[test]
    fn a_mean_of_nothing_is_unknown() {
        assert_eq!(mean([true, false].into_iter()), Some(0.5));
        assert_eq!(mean(std::iter::empty()), None);
    }
}
