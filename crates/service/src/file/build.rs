//! A file from its rows. Pure.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use suban_domain::{
    Answers, AreaCode, At, Fact, FoldError, MatterCode, Recorded, ResultRecord, Role, SurveyMeans, Task, TextId,
    Ticket, TicketId, UnitCode, VersionCode,
};
use suban_runtime::access::policy::{Mask, PersonMask, PlaceMask};
use suban_store::{StoredText, audit::Audited, contacts::Contact, texts::TextKind};
use suban_text::Catalogue;

use super::{
    CaseFile, Clear, ContactLine, Decided, Named, Printed, ReplyLine, Requester, Step, SurveyLine, UnitWork, Viewed,
    Words,
};
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
        let fields = told.fields.into_iter().map(|(name, value)| (name.to_owned(), readable(value)));
        let texts = told.texts.into_iter().map(|(name, id)| (name.to_owned(), self.text(id).unwrap_or_default()));
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

    fn replies(&self) -> Vec<ReplyLine> {
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

    fn survey(&self, event: &Recorded) -> Option<SurveyLine> {
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
