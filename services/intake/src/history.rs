//! What happened, in words. Facts carry no citizen's words, so a history holds no personal data.

use std::collections::HashMap;

use suban_domain::{Fact, Recorded};
use suban_proto::v1;
use suban_service::view;

/// What each kind of event is called in Chinese (D§2).
const ZH: &[(&str, &str)] = &[
    ("submitted", "收件"),
    ("info_asked", "请诉求人补充"),
    ("supplemented", "补充"),
    ("supplement_overdue", "补充逾期,按现有信息办理"),
    ("rejected", "不予受理"),
    ("transferred_out", "转其他热线"),
    ("answered", "直接答复"),
    ("accepted", "受理"),
    ("merged_into", "并案"),
    ("split", "拆单"),
    ("dispatched", "分拨"),
    ("signed", "签收"),
    ("return_requested", "申请退单"),
    ("return_reviewed", "退单初审"),
    ("return_approved", "退单同意"),
    ("return_denied", "退单驳回"),
    ("escalated", "提请裁定"),
    ("opinion_filed", "提交意见"),
    ("interim_lead_named", "指定临时牵头"),
    ("ruled", "裁定"),
    ("contacted", "先行联系"),
    ("extension_requested", "申请延期"),
    ("extension_reviewed", "延期初审"),
    ("extension_granted", "同意延期"),
    ("extension_denied", "不同意延期"),
    ("unit_added", "加派"),
    ("suspended", "挂起"),
    ("resumed", "恢复办理"),
    ("result_submitted", "提交办理结果"),
    ("parts_done", "各部分已办结"),
    ("parts_answered", "各部分已回访"),
    ("result_rejected", "退回重写"),
    ("result_accepted", "办结审核通过"),
    ("verified", "网格核查"),
    ("survey_answered", "回访作答"),
    ("survey_attempted", "回访尝试"),
    ("survey_exhausted", "回访未成功"),
    ("redo_ordered", "重办"),
    ("closed", "结案"),
    ("archived", "归档"),
    ("withdrawn", "撤回"),
    ("unmerged", "取消并案"),
    ("urged", "催办"),
    ("interim_given", "阶段反馈"),
    ("amended", "更正"),
    ("recalled", "撤回分拨"),
    ("noted", "备注"),
    ("sub_dispatched", "内部派遣"),
    ("reopened", "重新受理"),
    ("complained", "表示不满意"),
    ("reply_copied", "并案办结答复"),
    ("returned_upstream", "退回上级"),
    ("upstream_decided", "上级决定"),
    ("judged", "判重"),
    ("member_joined", "从单并入"),
    ("member_left", "从单退出"),
    ("took_over", "接替主单"),
    ("gave_over", "移交主单"),
    ("part_accepted", "协办结果通过"),
    ("part_rejected", "协办结果退回"),
    ("assist_released", "解除协办"),
    ("return_unlocked", "退单解锁"),
    ("rated_satisfied", "评价满意"),
    ("card_shown", "亮牌"),
    ("supervised", "督办"),
    ("released", "督办销号"),
    ("task_published", "发布参与任务"),
    ("task_claimed", "认领"),
    ("evidence_given", "提交凭证"),
    ("evidence_confirmed", "确认凭证"),
    ("notice_sent", "告知"),
];

/// One line of a ticket's history.
pub(crate) fn entry(recorded: &Recorded) -> v1::HistoryEntry {
    let name = recorded.event.fact.name();
    v1::HistoryEntry {
        version: recorded.version,
        at: Some(view::timestamp(recorded.at)),
        actor: Some(v1::ActorView {
            role: recorded.by.role.number(),
            person: recorded.by.person.to_string(),
            unit: recorded.by.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
        }),
        r#type: name.to_owned(),
        summary_zh: ZH.iter().find(|(n, _)| *n == name).map_or(name, |(_, zh)| zh).to_owned(),
        summary_en: name.replace('_', " "),
        fields: fields(recorded),
    }
}

/// The clocks that an event set, and who was to act.
fn fields(recorded: &Recorded) -> HashMap<String, String> {
    let mut fields: HashMap<String, String> = recorded
        .event
        .dues
        .iter()
        .map(|due| {
            let whose = due.unit.as_ref().map(|u| format!(" {u}")).unwrap_or_default();
            let at = due.at.map_or_else(|| "ended".to_owned(), |at| at.to_string());
            (format!("{}{whose}", due.timer), at)
        })
        .collect();
    if let Fact::Dispatched { lead, tier, catalogue, .. } = &recorded.event.fact {
        fields.insert("lead".into(), lead.to_string());
        fields.insert("tier".into(), tier.to_string());
        fields.insert("catalogue".into(), catalogue.to_string());
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_has_its_word() {
        let without: Vec<_> = Fact::NAMES.iter().filter(|n| !ZH.iter().any(|(name, _)| name == *n)).collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
