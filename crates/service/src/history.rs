//! Every event in words, in Chinese and English, without personal data.
//!
//! A full match: a new fact does not compile until somebody says what it is called. Sentences carry codes, units
//! and reasons; what people wrote is only in the fields, masked, for who reads the ticket in full.

use std::collections::HashMap;

use suban_domain::{Fact, Recorded, Role, SurveyEnd, TextId};
use suban_proto::v1;
use suban_runtime::access::policy::Reading;

use crate::view;

/// Events of one page.
pub const PAGE: u32 = 200;

/// A fact in words.
#[derive(Debug)]
pub struct Told {
    /// In one sentence, in Chinese.
    pub zh: String,
    /// In one sentence, in English.
    pub en: String,
    /// Codes, units and versions, by name.
    pub fields: Vec<(&'static str, String)>,
    /// What people wrote, by name.
    pub texts: Vec<(&'static str, TextId)>,
}

impl Told {
    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fields.push((name, value.to_string()));
        self
    }
    fn maybe(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
    fn list<T: ToString>(self, name: &'static str, values: &[T]) -> Self {
        if values.is_empty() {
            return self;
        }
        self.with(name, values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    }
    fn text(mut self, name: &'static str, id: impl Into<Option<TextId>>) -> Self {
        self.texts.extend(id.into().map(|id| (name, id)));
        self
    }
}

fn told(zh: impl Into<String>, en: impl Into<String>) -> Told {
    Told { zh: zh.into(), en: en.into(), fields: Vec::new(), texts: Vec::new() }
}

/// One event as the caller may see it.
#[must_use]
pub fn entry(event: &Recorded, reading: Reading, masked: &HashMap<TextId, String>) -> v1::HistoryEntry {
    let told = tell(&event.event.fact);
    let mut fields = HashMap::new();
    if reading == Reading::Full {
        fields.extend(told.fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        for (name, id) in told.texts {
            // Erased words stay empty: that they were there is part of the history.
            fields.insert(name.to_owned(), masked.get(&id).cloned().unwrap_or_default());
        }
    }
    let citizen = event.by.role == Role::Citizen;
    v1::HistoryEntry {
        version: event.version,
        at: Some(view::timestamp(event.at)),
        actor: Some(v1::ActorView {
            role: event.by.role.number(),
            person: if citizen { String::new() } else { event.by.person.to_string() },
            unit: event.by.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
        }),
        r#type: event.event.fact.name().to_owned(),
        summary_zh: told.zh,
        summary_en: told.en,
        fields,
    }
}

/// What happened.
#[must_use]
pub fn tell(fact: &Fact) -> Told {
    match fact {
        Fact::Submitted { number, source, urgency, kind, matter, area, texts, .. } => {
            let told =
                told(format!("诉求到达({})", source.channel.zh()), format!("received by {}", source.channel.code()));
            told.with("number", number)
                .with("channel", source.channel)
                .with("source_system", &source.system)
                .with("urgency", urgency)
                .maybe("kind", *kind)
                .maybe("matter", matter.as_ref())
                .maybe("area", area.as_ref())
                .text("text", texts.first().copied())
        }
        Fact::InfoAsked { missing } => {
            told("请诉求人补充信息", "the citizen is asked for what is missing").list("missing", missing)
        }
        Fact::Supplemented { texts, resumes } => told("诉求人补充", "the citizen added words")
            .maybe("resumes", *resumes)
            .text("text", texts.first().copied()),
        Fact::SupplementOverdue { resumes } => {
            told("逾期未补充,按现有信息办理", "nothing was added in time; goes on with what is known")
                .with("resumes", resumes)
        }
        Fact::Rejected { reason, channel } => {
            told(format!("不予受理:{}", reason.zh()), format!("not accepted: {}", reason.code()))
                .with("reason", reason)
                .text("lawful_channel", *channel)
        }
        Fact::TransferredOut { target, taker } => {
            told(format!("已转 {target}"), format!("handed to {target}")).with("target", target).text("taker", *taker)
        }
        Fact::Answered { reply } => told("当场答复", "answered on the spot").text("reply", *reply),
        Fact::Accepted { reading } => told("已受理", "accepted")
            .maybe("kind", reading.kind)
            .maybe("matter", reading.matter.as_ref())
            .maybe("area", reading.area.as_ref())
            .with("reading", &reading.version),
        Fact::MergedInto { master, class, basis } => {
            told(format!("并案({})", class.zh()), format!("merged as {}", class.code()))
                .with("master", master)
                .with("basis", basis)
        }
        Fact::Split { parts } => {
            told(format!("拆为 {} 单", parts.len()), format!("split into {} parts", parts.len())).list("parts", parts)
        }
        Fact::Dispatched { lead, assists, mode, tier, catalogue, rule, limit } => {
            told(format!("已派往 {lead},{}", tier.zh()), format!("sent to {lead}, {}", tier.code()))
                .with("lead", lead)
                .list("assists", assists)
                .with("mode", mode)
                .with("tier", tier)
                .with("catalogue", catalogue)
                .maybe("rule", rule.as_ref())
                .maybe("limit_hours", limit.map(|limit| limit.as_seconds() / 3600))
        }
        Fact::Signed { unit } => told(format!("{unit} 已签收"), format!("signed by {unit}")).with("unit", unit),
        Fact::ReturnRequested { unit, reason, evidence, suggested } => {
            told(format!("{unit} 申请退单:{}", reason.zh()), format!("{unit} asks to return it: {}", reason.code()))
                .with("unit", unit)
                .with("reason", reason)
                .maybe("suggested", suggested.as_ref())
                .text("evidence", *evidence)
        }
        Fact::ReturnReviewed { approve } => {
            let (zh, en) = if *approve { ("同意", "approve") } else { ("不同意", "refuse") };
            told(format!("退单初审:{zh}"), format!("first review of the return: {en}"))
        }
        Fact::ReturnApproved { reason, to, misdispatch, .. } => {
            told("退单通过", "return approved").with("reason", reason).with("to", to).with("misdispatch", misdispatch)
        }
        Fact::ReturnDenied { reason } => told("退单驳回", "return denied").with("reason", reason),
        Fact::Escalated {} => told("提交争议裁定", "units disagree; put before the arbiter"),
        Fact::OpinionFiled { unit, opinion } => told(format!("{unit} 提交意见"), format!("{unit} filed its opinion"))
            .with("unit", unit)
            .text("opinion", *opinion),
        Fact::InterimLeadNamed { unit } => {
            told(format!("{unit} 临时牵头"), format!("{unit} holds the work meanwhile")).with("unit", unit)
        }
        Fact::Ruled { lead, assists, catalogue, rule, grounds } => {
            told(format!("裁定由 {lead} 承办"), format!("ruled: {lead} leads"))
                .with("lead", lead)
                .list("assists", assists)
                .with("catalogue", catalogue)
                .maybe("rule", rule.as_ref())
                .text("grounds", *grounds)
        }
        Fact::Contacted { unit, outcome } => {
            told(format!("{unit} 先行联系:{}", outcome.zh()), format!("{unit} called the citizen: {}", outcome.code()))
                .with("unit", unit)
                .with("outcome", outcome)
        }
        Fact::ExtensionRequested { unit, reason, by } => {
            told(format!("{unit} 申请延期:{}", reason.zh()), format!("{unit} asks for more time: {}", reason.code()))
                .with("reason", reason)
                .with("seconds", by.as_seconds())
        }
        Fact::ExtensionReviewed { grant } => {
            let (zh, en) = if *grant { ("同意", "grant") } else { ("不同意", "deny") };
            told(format!("延期初审:{zh}"), format!("first review of the extension: {en}"))
        }
        Fact::ExtensionGranted { by } => told("延期批准", "more time granted").with("seconds", by.as_seconds()),
        Fact::ExtensionDenied {} => told("延期不予批准", "no more time"),
        Fact::UnitAdded { unit } => told(format!("加派 {unit} 协办"), format!("{unit} assists")).with("unit", unit),
        Fact::Suspended { reason } => {
            told(format!("挂起:{}", reason.zh()), format!("suspended: {}", reason.code())).with("reason", reason)
        }
        Fact::Resumed { paused } => told("恢复办理", "resumed").with("paused_seconds", paused.as_seconds()),
        Fact::ResultSubmitted { unit, result } => told(
            format!("{unit} 提交办理结果:{}", result.outcome.zh()),
            format!("{unit} handed in its result: {}", result.outcome.code()),
        )
        .with("unit", unit)
        .with("finding", result.finding)
        .with("demand", result.demand)
        .with("outcome", result.outcome)
        .text("reply", result.reply)
        .text("internal", result.internal),
        Fact::PartsDone {} => told("各协办已完成", "every part is done"),
        Fact::PartsAnswered { to } => told("各分单均已答复", "every part has its answer").with("to", to),
        Fact::ResultRejected { findings, note, .. } => {
            told("办结退回重写", "result sent back").list("findings", findings).text("note", *note)
        }
        Fact::ResultAccepted { to } => told("办结审核通过", "result accepted").with("to", to),
        Fact::Verified { ok, .. } => {
            let (zh, en) = if *ok { ("属实", "as reported") } else { ("不符", "not as reported") };
            told(format!("网格核查:{zh}"), format!("checked on site: {en}"))
        }
        Fact::SurveyAnswered { means, end, .. } => {
            let (zh, en) = survey_end(*end);
            told(format!("回访({}):{zh}", means.zh()), format!("survey answered: {en}")).with("means", means)
        }
        Fact::SurveyAttempted { outcome, means } => {
            told(format!("回访未果:{}", outcome.zh()), format!("survey attempt: {}", outcome.code()))
                .with("means", means)
        }
        Fact::SurveyExhausted {} => told("回访未成功,结案", "nobody could be asked; closed"),
        Fact::RedoOrdered { supervised, group } => {
            let (zh, en) = if *supervised { ("督办重办", "redo under supervision") } else { ("重办", "redo") };
            told(zh, en).with("group", group)
        }
        Fact::Closed { ending } => {
            told(format!("结案:{}", ending.zh()), format!("closed: {}", ending.code())).with("ending", ending)
        }
        Fact::Archived {} => told("归档", "archived"),
        Fact::Withdrawn {} => told("诉求人撤回", "withdrawn by the citizen"),
        Fact::Unmerged { master, .. } => told("解除并案", "taken out of its group").with("master", master),
        Fact::Urged { .. } => told("催办", "urged"),
        Fact::InterimGiven { unit, text } => told(format!("{unit} 阶段反馈"), format!("{unit} reports how it stands"))
            .with("unit", unit)
            .text("text", *text),
        Fact::Amended { kind, urgency, matter, area, flags, title, point } => told("更正工单信息", "amended")
            .maybe("kind", *kind)
            .maybe("urgency", *urgency)
            .maybe("matter", matter.as_ref())
            .maybe("area", area.as_ref())
            .maybe("point", point.map(|_| "changed"))
            .maybe("flags", flags.map(|_| "changed"))
            .text("title", *title),
        Fact::Recalled { reason } => told("召回", "recalled").text("reason", *reason),
        Fact::Noted { text, audience } => {
            told(format!("备注({})", audience.zh()), format!("note for {}", audience.code())).text("text", *text)
        }
        Fact::SubDispatched { unit, inner } => told(format!("{unit} 转 {inner}"), format!("{unit} gave it to {inner}"))
            .with("unit", unit)
            .with("inner", inner),
        Fact::Reopened { to } => told("重新办理", "reopened").with("to", to),
        Fact::Complained {} => told("诉求人再次投诉,已记录", "the citizen complained again; recorded"),
        Fact::ReplyCopied { master, master_version, reply, lead } => told("主单答复同步", "answered with its group")
            .with("master", master)
            .with("master_version", master_version)
            .with("lead", lead)
            .text("reply", *reply),
        Fact::ReturnedUpstream { reason } => told("退回上级", "returned to the upper platform").text("reason", *reason),
        Fact::UpstreamDecided { decision, to, .. } => {
            told(format!("上级:{}", decision.zh()), format!("the upper platform decided: {}", decision.code()))
                .maybe("to", *to)
        }
        Fact::Judged { verdict, candidates, basis } => {
            told(format!("判重:{}", verdict.zh()), format!("judged: {}", verdict.code()))
                .with("basis", basis)
                .list("candidates", candidates)
        }
        Fact::MemberJoined { member, .. } => told("有工单并入", "another ticket joined").with("member", member),
        Fact::MemberLeft { member } => told("有工单脱离并案", "a ticket left the group").with("member", member),
        Fact::TookOver { from, .. } => told("接任主单", "became the group's master").with("from", from),
        Fact::GaveOver { to, .. } => told("移交主单", "gave the group to another master").with("to", to),
        Fact::PartAccepted { unit, rating } => {
            told(format!("{unit} 协办通过"), format!("the part of {unit} is accepted"))
                .with("unit", unit)
                .maybe("rating", *rating)
        }
        Fact::PartRejected { unit, reason } => {
            told(format!("{unit} 协办退回"), format!("the part of {unit} is sent back"))
                .with("unit", unit)
                .text("reason", *reason)
        }
        Fact::AssistReleased { unit, reason } => {
            told(format!("{unit} 不再协办"), format!("{unit} is released")).with("unit", unit).text("reason", *reason)
        }
        Fact::ReturnUnlocked {} => told("解除退单锁定", "may be returned again"),
        Fact::RatedSatisfied { means, .. } => told("诉求人评价满意", "rated satisfied").with("means", means),
        Fact::CardShown { card, timer, unit } => {
            told(format!("{}:{}", card.zh(), timer.zh()), format!("{} card for {}", card.code(), timer.code()))
                .maybe("unit", unit.as_ref())
        }
        Fact::Supervised { order, text } => {
            told(format!("{} 级督办", order.level), format!("supervised at level {}", order.level))
                .with("issuer", &order.issuer)
                .text("text", *text)
        }
        Fact::Released { issuer } => told("督办销号", "supervision released").with("issuer", issuer),
        Fact::TaskPublished { participation, text } => {
            told("发布群众参与任务", "residents are invited").with("places", participation.places).text("text", *text)
        }
        Fact::TaskClaimed { .. } => told("有群众领取任务", "a resident takes part"),
        Fact::EvidenceGiven { .. } => told("群众提交证据", "a resident gave evidence"),
        Fact::EvidenceConfirmed { .. } => told("证据已确认", "evidence confirmed"),
        Fact::NoticeSent { notice, channel, .. } => {
            told(format!("已通知:{}", notice.zh()), format!("notice {} sent", notice.code())).with("channel", channel)
        }
    }
}

fn survey_end(end: SurveyEnd) -> (&'static str, &'static str) {
    match end {
        SurveyEnd::Close => ("满意,结案", "closes"),
        SurveyEnd::Redo => ("重办", "redo"),
        SurveyEnd::SupervisedRedo => ("督办重办", "redo under supervision"),
        SurveyEnd::Wait(_) => ("待定", "waits for a decision"),
        SurveyEnd::Nothing => ("无效", "not valid"),
    }
}
