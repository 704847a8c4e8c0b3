//! A file from its rows. Pure.

mod answers;
mod files;

use std::collections::HashMap;

use jiff::tz::TimeZone;
use suban_domain::{
    AreaCode, At, Fact, FoldError, MatterCode, Recorded, Role, Task, TextId, Ticket, TicketId, UnitCode,
};
use suban_runtime::access::policy::{Mask, PersonMask, PlaceMask};
use suban_store::{StoredText, attachments::Attachment, audit::Audited, contacts::Contact, texts::TextKind};
use suban_text::Catalogue;

use super::{CaseFile, Clear, ContactLine, Decided, Named, Printed, Requester, Step, UnitWork, Viewed, Words};
use crate::{
    clocks::{Clocks, local},
    history,
};

/// Characters of the words that stand for a title.
const BEGINNING: usize = 40;

/// What one file is made of.
pub(super) struct Parts<'a> {
    pub(super) ticket: &'a Ticket,
    pub(super) log: &'a [Recorded],
    pub(super) texts: &'a [StoredText],
    pub(super) contacts: &'a [Contact],
    pub(super) attachments: &'a [Attachment],
    pub(super) audits: &'a [Audited],
    pub(super) decisions: &'a [Decided],
    pub(super) numbers: &'a HashMap<TicketId, String>,
    pub(super) catalogue: Option<&'a Catalogue>,
    pub(super) zone: &'a TimeZone,
    pub(super) now: At,
    pub(super) mask: Mask,
    pub(super) clear: Option<&'a Clear>,
    pub(super) printed: Printed,
}

/// The other tickets that an event is about.
pub(super) fn related(event: &Recorded) -> Vec<TicketId> {
    let fact = &event.event.fact;
    if let Fact::MergedInto { master: other, .. }
    | Fact::Unmerged { master: other, .. }
    | Fact::ReplyCopied { master: other, .. }
    | Fact::MemberJoined { member: other, .. }
    | Fact::MemberLeft { member: other }
    | Fact::TookOver { from: other, .. }
    | Fact::GaveOver { to: other, .. } = fact
    {
        return vec![*other];
    }
    if let Fact::Split { parts: others } | Fact::Judged { candidates: others, .. } = fact {
        return others.clone();
    }
    if let Fact::Submitted { parent, raised_from, .. } = fact {
        return parent.iter().chain(raised_from).copied().collect();
    }
    if let Fact::Urged { on_member } = fact {
        return on_member.iter().copied().collect();
    }
    Vec::new()
}

/// Puts the file together.
pub(super) fn case_file(parts: Parts<'_>) -> Result<CaseFile, FoldError> {
    let ticket = parts.ticket;
    let clocks = Clocks::of(ticket.number.as_str(), parts.log, parts.now, parts.zone)?;
    let steps: Vec<Step> = parts.log.iter().map(|event| parts.step(event)).collect();
    let merges = parts.log.iter().zip(&steps).filter(|(event, _)| !related(event).is_empty());
    let mut contacts: Vec<(At, ContactLine)> = parts.contacts.iter().map(|c| (c.at, parts.contact(c))).collect();
    contacts.extend(parts.log.iter().filter_map(|event| Some((event.at, parts.called(event)?))));
    contacts.sort_by_key(|(at, _)| *at);
    let area = |area: &AreaCode| parts.catalogue.and_then(|c| c.area(area)).map(|a| a.name.clone());
    let matter = |code: &MatterCode| parts.catalogue.and_then(|c| c.matter(code)).map(|m| m.name.clone());
    Ok(CaseFile {
        number: ticket.number.to_string(),
        ticket_id: ticket.id.to_string(),
        version: ticket.version,
        title: parts.title(),
        state: Named::of(ticket.state.zh(), ticket.state.code()),
        ending: ticket.ending.map(|e| Named::of(e.zh(), e.code())),
        channel: Named::of(ticket.source.channel.zh(), ticket.source.channel.code()),
        kind: ticket.kind.map(|k| Named::of(k.zh(), k.code())),
        urgency: Named::of(ticket.urgency.zh(), ticket.urgency.code()),
        matter: ticket.matter.as_ref().map(|m| Named::of(matter(m).unwrap_or_default(), m.to_string())),
        area: ticket.area.as_ref().map(|a| Named::of(area(a).unwrap_or_default(), a.to_string())),
        place: parts.place(),
        flags: flags(ticket),
        reported_at: parts.at(ticket.reported_at),
        received_at: parts.at(ticket.received_at),
        requester: parts.requester(),
        words: parts.words(),
        files: parts.attachments.iter().map(|file| parts.file(file)).collect(),
        merges: merges.map(|(_, step)| step.clone()).collect(),
        steps,
        units: parts.units(),
        clocks,
        contacts: contacts.into_iter().map(|(_, line)| line).collect(),
        replies: parts.replies(),
        survey: parts.log.iter().filter_map(|event| parts.survey(event)).collect(),
        decisions: parts.decisions.to_vec(),
        viewed: parts.audits.iter().map(|audited| parts.viewed(audited)).collect(),
        printed: parts.printed,
    })
}

impl Parts<'_> {
    fn at(&self, at: At) -> String {
        local(self.zone, at)
    }

    fn text(&self, id: TextId) -> Option<String> {
        let shown = self.clear.and_then(|clear| clear.words.get(&id).cloned());
        shown.or_else(|| self.texts.iter().find(|t| t.id == id).and_then(|t| t.masked.clone()))
    }

    fn latest(&self, kind: TextKind) -> Option<String> {
        self.texts.iter().rev().find(|t| t.kind == kind).and_then(|t| self.text(t.id))
    }

    fn title(&self) -> String {
        let first = || self.texts.iter().find(|t| t.kind == TextKind::CitizenWords).and_then(|t| self.text(t.id));
        let beginning = |words: String| words.chars().take(BEGINNING).collect::<String>();
        self.latest(TextKind::Title).or_else(|| first().map(beginning)).unwrap_or_default()
    }

    fn place(&self) -> Option<String> {
        match self.mask.place {
            PlaceMask::Clear => self.latest(TextKind::Place),
            PlaceMask::Coarse => None,
        }
    }

    fn requester(&self) -> Requester {
        let ticket = self.ticket;
        let shown = match self.mask.person {
            PersonMask::Partial => self.clear.and_then(|clear| clear.person.as_ref()),
            PersonMask::Hidden => None,
        };
        Requester {
            known: ticket.requester.is_some(),
            anonymous: ticket.flags.anonymous,
            reachable: ticket.reachable,
            name: shown.and_then(|p| p.name.clone()),
            phone: shown.and_then(|p| p.phone.clone()),
            home_address: shown.and_then(|p| p.home_address.clone()),
        }
    }

    fn words(&self) -> Vec<Words> {
        let said = |t: &StoredText| {
            let what = match t.kind {
                TextKind::CitizenWords => Named::of("诉求内容", "what was asked"),
                TextKind::Supplement => Named::of("补充内容", "added later"),
                TextKind::Title
                | TextKind::Place
                | TextKind::Reply
                | TextKind::Internal
                | TextKind::Evidence
                | TextKind::Remark
                | TextKind::Note
                | TextKind::Reason
                | TextKind::Taker
                | TextKind::Answer
                | TextKind::CopiedReply => return None,
            };
            Some(Words { what, text: self.text(t.id) })
        };
        self.texts.iter().filter_map(said).collect()
    }

    fn unit(&self, unit: &UnitCode) -> Named {
        let name = self.catalogue.and_then(|c| c.unit(unit)).map(|u| u.name.clone());
        Named::of(name.unwrap_or_default(), unit.to_string())
    }

    fn step(&self, event: &Recorded) -> Step {
        let told = history::tell(&event.event.fact);
        let others = related(event);
        // An id says nothing to a reader; the number does.
        let readable = |value: String| {
            others.iter().fold(value, |value, id| match self.numbers.get(id) {
                Some(number) => value.replace(&id.to_string(), number),
                None => value,
            })
        };
        let fields = told.fields.into_iter().map(|(name, value)| (field(name), readable(value)));
        let texts = told.texts.into_iter().map(|(name, id)| (field(name), self.text(id).unwrap_or_default()));
        let citizen = event.by.role == Role::Citizen;
        Step {
            version: event.version,
            at: self.at(event.at),
            role: Named::of(event.by.role.zh(), event.by.role.code()),
            person: if citizen { String::new() } else { event.by.person.to_string() },
            unit: event.by.unit.as_ref().map(|unit| self.unit(unit)),
            event: event.event.fact.name(),
            what: Named::of(told.zh, told.en),
            why: fields.chain(texts).collect(),
        }
    }

    fn units(&self) -> Vec<UnitWork> {
        let work = |task: &Task| UnitWork {
            unit: self.unit(&task.unit),
            role: Named::of(task.role.zh(), task.role.code()),
            state: Named::of(task.state.zh(), task.state.code()),
            dispatched_at: self.at(task.dispatched_at),
            signed_at: task.signed_at.map(|at| self.at(at)),
            contacted_at: task.contacted_at.map(|at| self.at(at)),
            submitted_at: task.submitted_at.map(|at| self.at(at)),
            due: task.handle_due.map(|at| self.at(at)),
        };
        self.ticket.tasks.iter().map(work).collect()
    }

    fn contact(&self, contact: &Contact) -> ContactLine {
        // The first contact's words are the ticket's and stand above.
        let text = contact.text.filter(|id| !self.ticket.texts.contains(id)).and_then(|id| self.text(id));
        let by = match &contact.agent {
            Some(agent) => format!("{} {agent}", contact.channel.zh()),
            None => contact.channel.zh().to_owned(),
        };
        let result = Named::of(contact.result.zh(), contact.result.code());
        ContactLine {
            at: self.at(contact.at), who: Named::of("市民来电来件", "from the citizen"), by, result, text
        }
    }

    /// Calls and messages to the citizen stand in the log.
    fn called(&self, event: &Recorded) -> Option<ContactLine> {
        let line =
            |who: Named, by: String, result: Named| ContactLine { at: self.at(event.at), who, by, result, text: None };
        if let Fact::Contacted { unit, outcome } = &event.event.fact {
            let result = Named::of(outcome.zh(), outcome.code());
            return Some(line(Named::of("先行联系", "the unit to the citizen"), unit.to_string(), result));
        }
        if let Fact::SurveyAttempted { outcome, means } = &event.event.fact {
            let result = Named::of(outcome.zh(), outcome.code());
            return Some(line(Named::of("回访", "survey"), means.zh().to_owned(), result));
        }
        if let Fact::NoticeSent { notice, channel, .. } = &event.event.fact {
            let result = Named::of(notice.zh(), notice.code());
            return Some(line(Named::of("告知", "notice"), channel.zh().to_owned(), result));
        }
        None
    }

    fn viewed(&self, audited: &Audited) -> Viewed {
        Viewed {
            at: self.at(audited.at),
            person: audited.person.clone(),
            role: Named::of(audited.role.zh(), audited.role.code()),
            act: audited.act.clone(),
            reason: audited.reason.clone().unwrap_or_default(),
        }
    }
}

/// The fields of [`history::tell`] in Chinese; one that is not here keeps its name alone.
fn field(name: &str) -> Named {
    const FIELDS: &[(&str, &str)] = &[
        ("number", "编号"),
        ("channel", "渠道"),
        ("source_system", "来源系统"),
        ("urgency", "紧急程度"),
        ("kind", "类型"),
        ("matter", "事项"),
        ("area", "区域"),
        ("text", "内容"),
        ("title", "标题"),
        ("missing", "缺少"),
        ("resumes", "续办"),
        ("reason", "原因"),
        ("lawful_channel", "法定渠道"),
        ("target", "转往"),
        ("taker", "接收人"),
        ("reply", "答复"),
        ("internal", "办理情况"),
        ("reading", "识别版本"),
        ("master", "主单"),
        ("master_version", "主单版本"),
        ("member", "成员"),
        ("candidates", "疑似重复"),
        ("basis", "依据"),
        ("parts", "分单"),
        ("lead", "主办"),
        ("assists", "协办"),
        ("mode", "办理方式"),
        ("tier", "分拨方式"),
        ("catalogue", "事项清单"),
        ("rule", "条款"),
        ("limit_hours", "时限(小时)"),
        ("unit", "单位"),
        ("inner", "内部科室"),
        ("suggested", "建议单位"),
        ("evidence", "佐证"),
        ("to", "去向"),
        ("misdispatch", "误派"),
        ("opinion", "意见"),
        ("grounds", "裁定理由"),
        ("outcome", "结果"),
        ("finding", "事实认定"),
        ("demand", "诉求认定"),
        ("findings", "检查项"),
        ("note", "说明"),
        ("means", "方式"),
        ("group", "并案"),
        ("ending", "结案方式"),
        ("seconds", "时长(秒)"),
        ("paused_seconds", "暂停(秒)"),
        ("rating", "评分"),
        ("issuer", "签发人"),
        ("places", "名额"),
    ];
    let zh = FIELDS.iter().find(|(en, _)| *en == name).map_or("", |(_, zh)| *zh);
    Named::of(zh, name)
}

fn flags(ticket: &Ticket) -> Vec<Named> {
    let f = ticket.flags;
    let all = [
        (f.confidential, "保密", "confidential"),
        (f.anonymous, "匿名", "anonymous"),
        (f.no_contact, "不愿联系", "no contact"),
        (f.group_event, "群体性", "group event"),
        (f.sensitive, "敏感", "sensitive"),
        (f.enterprise, "涉企", "enterprise"),
        (f.hotspot, "热点", "hotspot"),
        (f.repeat, "重复来电", "repeat"),
        (f.over_duty, "超职责诉求", "over duty"),
        (f.proactive, "未诉先办", "proactive"),
        (f.leader_note, "批示", "leader's note"),
        (f.against_official, "举报公职人员", "against an official"),
        (f.in_proceedings, "涉访涉诉", "in proceedings"),
    ];
    all.into_iter().filter(|(set, _, _)| *set).map(|(_, zh, en)| Named::of(zh, en)).collect()
}
