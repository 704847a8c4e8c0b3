//! What units answered, what the review said of it, and what citizens answered when they were asked.

use suban_domain::{Answers, Fact, Recorded, ResultRecord, SurveyMeans, TextId, UnitCode, VersionCode};

use super::Parts;
use crate::{
    file::{Named, ReplyLine, SurveyLine},
    history,
};

impl Parts<'_> {
    pub(super) fn replies(&self) -> Vec<ReplyLine> {
        let mut replies: Vec<ReplyLine> = Vec::new();
        for event in self.log {
            replies.extend(self.reply(event));
            if let (Some(review), Some(last)) = (self.review(event), replies.last_mut()) {
                last.review = Some(review);
            }
        }
        replies
    }

    fn reply(&self, event: &Recorded) -> Option<ReplyLine> {
        let line = |what: Named, unit: Option<&UnitCode>, reply: TextId| ReplyLine {
            at: self.at(event.at),
            what,
            unit: unit.map(|unit| self.unit(unit)),
            fields: Vec::new(),
            reply: self.text(reply),
            because: None,
            internal: None,
            review: None,
        };
        if let Fact::ResultSubmitted { unit, result } = &event.event.fact {
            return Some(ReplyLine {
                fields: result_fields(result),
                because: result.finding_because.and_then(|id| self.text(id)),
                internal: result.internal.and_then(|id| self.text(id)),
                ..line(Named::of("办理结果", "result"), Some(unit), result.reply)
            });
        }
        if let Fact::Answered { reply } = &event.event.fact {
            return Some(line(Named::of("当场答复", "answered on the spot"), None, *reply));
        }
        if let Fact::InterimGiven { unit, text } = &event.event.fact {
            return Some(line(Named::of("阶段反馈", "interim report"), Some(unit), *text));
        }
        if let Fact::ReplyCopied { lead, reply, .. } = &event.event.fact {
            return Some(line(Named::of("主单答复", "reply of its group"), Some(lead), *reply));
        }
        None
    }

    /// What the close review said of the reply before it.
    fn review(&self, event: &Recorded) -> Option<Named> {
        if let Fact::ResultAccepted { .. } = &event.event.fact {
            return Some(Named::of("审核通过", "accepted"));
        }
        if let Fact::ResultRejected { findings, note, .. } = &event.event.fact {
            let names: Vec<&str> = findings.iter().map(VersionCode::as_str).collect();
            let note = note.and_then(|id| self.text(id)).unwrap_or_default();
            return Some(Named::of(format!("退回重写:{} {note}", names.join("、")), "sent back"));
        }
        None
    }

    pub(super) fn survey(&self, event: &Recorded) -> Option<SurveyLine> {
        let told = history::tell(&event.event.fact);
        let line = |means: Option<SurveyMeans>, answered: Option<&Answers>| SurveyLine {
            at: self.at(event.at),
            means: means.map(|m| Named::of(m.zh(), m.code())),
            result: Named::of(told.zh.clone(), told.en.clone()),
            answers: answered.map(answers).unwrap_or_default(),
        };
        if let Fact::SurveyAnswered { answers, means, .. } | Fact::RatedSatisfied { answers, means } = &event.event.fact
        {
            return Some(line(Some(*means), Some(answers)));
        }
        if let Fact::SurveyAttempted { means, .. } = &event.event.fact {
            return Some(line(Some(*means), None));
        }
        if let Fact::SurveyExhausted {} = &event.event.fact {
            return Some(line(None, None));
        }
        None
    }
}

/// 事实认定, 诉求认定, 处理结果, 现场查看, 答复方式, 是否公开 (D§5.4).
fn result_fields(result: &ResultRecord) -> Vec<(Named, Named)> {
    let public = if result.public { Named::of("是", "yes") } else { Named::of("否", "no") };
    vec![
        (Named::of("事实认定", "finding"), Named::of(result.finding.zh(), result.finding.code())),
        (Named::of("诉求认定", "demand"), Named::of(result.demand.zh(), result.demand.code())),
        (Named::of("处理结果", "outcome"), Named::of(result.outcome.zh(), result.outcome.code())),
        (Named::of("现场查看", "site visit"), Named::of(result.site_visit.zh(), result.site_visit.code())),
        (Named::of("答复方式", "reply by"), Named::of(result.reply_means.zh(), result.reply_means.code())),
        (Named::of("是否公开", "public"), public),
    ]
}

/// The script's questions with the answers given (D§11.1).
fn answers(given: &Answers) -> Vec<(Named, Named)> {
    let pick = |of: &[(&str, &str)], n: u8| {
        usize::from(n).checked_sub(1).and_then(|n| of.get(n)).map(|(zh, en)| Named::of(*zh, *en))
    };
    let yes = |yes: bool| if yes { Named::of("是", "yes") } else { Named::of("否", "no") };
    let solved = [("已解决", "solved"), ("部分解决", "partly"), ("未解决", "not"), ("说不清", "cannot say")];
    let satisfied = [
        ("非常满意", "very satisfied"),
        ("满意", "satisfied"),
        ("基本满意", "mostly"),
        ("不满意", "not satisfied"),
        ("非常不满意", "very dissatisfied"),
    ];
    let attitude = [("满意", "satisfied"), ("基本满意", "mostly"), ("不满意", "not satisfied")];
    let asked = [
        (Named::of("是否联系", "contacted"), given.contacted.map(yes)),
        (Named::of("是否解决", "solved"), given.solved.and_then(|n| pick(&solved, n))),
        (Named::of("办理结果", "result"), given.satisfied.and_then(|n| pick(&satisfied, n))),
        (Named::of("工作态度", "attitude"), given.attitude.and_then(|n| pick(&attitude, n))),
        (Named::of("被要求撤单", "pressed to withdraw"), given.pressed_to_withdraw.then(|| yes(true))),
    ];
    asked.into_iter().filter_map(|(question, answer)| Some((question, answer?))).collect()
}
