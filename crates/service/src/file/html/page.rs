//! The file of one ticket as a page.

use super::{Html, cell, dash, named, opt, printed};
use crate::{
    clocks::{Clocks, told},
    file::{CaseFile, Decided, FileLine, ReplyLine, Step, SurveyLine},
};

/// The file of one ticket.
#[must_use]
pub fn page(file: &CaseFile) -> String {
    let mut html = Html::default();
    html.markup("<header><h1>").both("工单档案", "case file").markup(" ").text(&file.number).markup("</h1>");
    printed(&mut html, &file.printed);
    html.markup("</header><p class=title>").text(&file.title).markup("</p>");
    facts(&mut html, file);
    html.heading("诉求", "what was said");
    for words in &file.words {
        html.markup("<h3>").named(&words.what).markup("</h3>").words(words.text.as_deref());
    }
    html.heading("照片与文件", "photographs and documents");
    files(&mut html, &file.files);
    html.heading("承办单位", "units").table(
        &[
            ("单位", "unit"),
            ("角色", "part"),
            ("状态", "state"),
            ("派单", "sent"),
            ("签收", "signed"),
            ("先行联系", "called"),
            ("提交", "handed in"),
            ("时限", "due"),
        ],
        file.units
            .iter()
            .map(|u| {
                let times = [
                    Some(&u.dispatched_at),
                    u.signed_at.as_ref(),
                    u.contacted_at.as_ref(),
                    u.submitted_at.as_ref(),
                    u.due.as_ref(),
                ];
                [named(&u.unit), named(&u.role), named(&u.state)].into_iter().chain(times.map(dash)).collect()
            })
            .collect(),
    );
    html.heading("派单依据", "why it was sent there");
    decisions(&mut html, &file.decisions);
    html.heading("办理过程", "every step");
    steps(&mut html, &file.steps);
    html.heading("答复", "replies");
    replies(&mut html, &file.replies);
    html.heading("联系记录", "contacts").table(
        &[("时间", "at"), ("对象", "who"), ("方式", "by"), ("结果", "result"), ("内容", "said")],
        file.contacts
            .iter()
            .map(|c| {
                vec![cell(&c.at), named(&c.who), cell(&c.by), named(&c.result), cell(c.text.as_deref().unwrap_or(""))]
            })
            .collect(),
    );
    html.heading("回访评价", "survey").table(
        &[("时间", "at"), ("方式", "means"), ("结果", "result"), ("回答", "answers")],
        file.survey.iter().map(survey).collect(),
    );
    html.heading("并案拆单", "other tickets");
    steps(&mut html, &file.merges);
    html.heading("时限", "clocks");
    clocks(&mut html, &file.clocks);
    html.heading("查阅记录", "who looked").table(
        &[("时间", "at"), ("人员", "who"), ("角色", "role"), ("行为", "act"), ("事由", "why")],
        file.viewed
            .iter()
            .map(|v| vec![cell(&v.at), cell(&v.person), named(&v.role), cell(&v.act), cell(&v.reason)])
            .collect(),
    );
    html.document(&format!("工单档案 {}", file.number))
}

fn facts(html: &mut Html, file: &CaseFile) {
    html.markup("<dl>");
    html.item("状态", "state", |h| {
        h.named(&file.state);
        if let Some(ending) = &file.ending {
            h.markup(" · ").named(ending);
        }
    });
    html.item("来源", "channel", |h| {
        h.named(&file.channel);
    });
    html.item("类型", "kind", |h| h.0.push_str(&opt(file.kind.as_ref()).0));
    html.item("紧急程度", "urgency", |h| {
        h.named(&file.urgency);
    });
    html.item("事项", "matter", |h| h.0.push_str(&opt(file.matter.as_ref()).0));
    html.item("区域", "area", |h| h.0.push_str(&opt(file.area.as_ref()).0));
    html.item("地点", "place", |h| {
        h.text(file.place.as_deref().unwrap_or("–"));
    });
    html.item("诉求时间", "reported", |h| {
        h.text(&file.reported_at);
    });
    html.item("收单时间", "received", |h| {
        h.text(&file.received_at);
    });
    if !file.flags.is_empty() {
        html.item("标记", "flags", |h| {
            for flag in &file.flags {
                h.named(flag).markup(" ");
            }
        });
    }
    let who = &file.requester;
    html.item("诉求人", "requester", |h| {
        match (&who.name, who.known, who.anonymous) {
            (Some(name), _, _) => {
                h.text(name);
            }
            (None, _, true) => {
                h.both("匿名", "anonymous");
            }
            (None, true, false) => {
                h.both("已登记,不显示", "on record, not shown");
            }
            (None, false, false) => {
                h.both("未登记", "not known");
            }
        }
        for more in [&who.phone, &who.home_address].into_iter().flatten() {
            h.markup(" · ").text(more);
        }
    });
    html.markup("</dl>");
}

fn files(html: &mut Html, files: &[FileLine]) {
    let row = |file: &FileLine| {
        let mut who = named(&file.role);
        who.markup(" ").text(&file.person);
        if let Some(unit) = &file.unit {
            who.markup(" ").named(unit);
        }
        let size = match file.pixels {
            Some((width, height)) => format!("{} kB · {width}×{height}", file.bytes.div_ceil(1000)),
            None => format!("{} kB", file.bytes.div_ceil(1000)),
        };
        let mut placed = Html::default();
        match file.placed {
            Some(true) => placed.both("有", "yes"),
            Some(false) => placed.both("无", "no"),
            None => placed.markup("–"),
        };
        vec![cell(&file.at), opt(file.kind.as_ref()), cell(size), who, placed, named(&file.state)]
    };
    let head = [
        ("时间", "at"),
        ("种类", "kind"),
        ("大小", "size"),
        ("提供", "by"),
        ("含位置", "place in it"),
        ("状态", "state"),
    ];
    html.table(&head, files.iter().map(row).collect());
}

fn decisions(html: &mut Html, decisions: &[Decided]) {
    if decisions.is_empty() {
        html.markup("<p class=none>").both("由人员决定,见办理过程", "decided by people; see the steps").markup("</p>");
    }
    for decided in decisions {
        html.markup("<p>")
            .both("第", "step")
            .markup(" ")
            .text(decided.version)
            .markup(" · ")
            .both("事项清单", "catalogue");
        html.markup(" ").text(&decided.catalogue);
        for more in [&decided.reader, &decided.learned].into_iter().filter(|m| !m.is_empty()) {
            html.markup(" · ").text(more);
        }
        html.markup("</p>");
        let rows = decided.candidates.iter().map(|c| {
            let chance = c.permille.map_or_else(|| "–".to_owned(), |p| format!("{:.1} %", f64::from(p) / 10.0));
            let mut because = Html::default();
            because.text(&c.because.zh).markup("<br><small>").text(&c.because.en).markup("</small>");
            vec![named(&c.unit), cell(&c.rule), cell(chance), because]
        });
        html.table(&[("单位", "unit"), ("依据", "rule"), ("概率", "chance"), ("理由", "because")], rows.collect());
    }
}

fn steps(html: &mut Html, steps: &[Step]) {
    let row = |step: &Step| {
        let mut who = named(&step.role);
        who.markup("<br>").text(&step.person);
        if let Some(unit) = &step.unit {
            who.markup("<br>").named(unit);
        }
        let mut what = Html::default();
        what.markup("<b>").text(&step.what.zh).markup("</b><br><small>").text(&step.what.en).markup("</small>");
        let mut why = Html::default();
        for (name, value) in step.why.iter().filter(|(_, value)| !value.is_empty()) {
            why.markup("<span class=field>").named(name).markup("</span> ").text(value).markup("<br>");
        }
        vec![cell(step.version), cell(&step.at), who, what, why]
    };
    let head = [("序", "no."), ("时间", "at"), ("人员", "who"), ("事项", "what"), ("缘由", "why and with what")];
    html.table(&head, steps.iter().map(row).collect());
}

fn replies(html: &mut Html, replies: &[ReplyLine]) {
    if replies.is_empty() {
        html.markup("<p class=none>").both("无", "none").markup("</p>");
    }
    for reply in replies {
        html.markup("<h3>").text(&reply.at).markup(" ").named(&reply.what).markup(" ");
        html.0.push_str(&opt(reply.unit.as_ref()).0);
        html.markup("</h3>");
        if !reply.fields.is_empty() {
            html.markup("<p>");
            for (name, value) in &reply.fields {
                html.markup("<span class=field>").named(name).markup("</span> ").named(value).markup(" ");
            }
            html.markup("</p>");
        }
        html.words(reply.reply.as_deref());
        for (name, text) in
            [(("认定理由", "because"), &reply.because), (("办理情况(内部)", "for the centre"), &reply.internal)]
        {
            if let Some(text) = text {
                html.markup("<h4>").both(name.0, name.1).markup("</h4>").words(Some(text));
            }
        }
        if let Some(review) = &reply.review {
            html.markup("<p class=review>").named(review).markup("</p>");
        }
    }
}

fn survey(line: &SurveyLine) -> Vec<Html> {
    let mut answers = Html::default();
    for (question, answer) in &line.answers {
        answers.markup("<span class=field>").named(question).markup("</span> ").named(answer).markup("<br>");
    }
    vec![cell(&line.at), opt(line.means.as_ref()), named(&line.result), answers]
}

fn clocks(html: &mut Html, clocks: &Clocks) {
    html.markup("<p>").both("全程", "in all").markup(" ").text(told(clocks.whole_seconds));
    for (whose, seconds) in &clocks.whose_seconds {
        html.markup(" · ").text(whose).markup(" ").text(told(*seconds));
    }
    html.markup("</p>");
    let stretches = clocks.stretches.iter().map(|s| {
        vec![
            cell(&s.from),
            cell(told(s.seconds)),
            cell(s.state),
            cell(&s.holder),
            cell(s.whose),
            cell(s.standstill.as_deref().unwrap_or("")),
        ]
    });
    let head = [
        ("起", "from"),
        ("时长", "how long"),
        ("状态", "state"),
        ("持有", "who held it"),
        ("计时", "whose time"),
        ("暂停", "stood still"),
    ];
    html.table(&head, stretches.collect());
    let moves = clocks.moves.iter().map(|m| {
        vec![
            cell(&m.at),
            cell(m.by),
            cell(m.timer),
            dash(m.unit.as_ref()),
            dash(m.before.as_ref()),
            dash(m.after.as_ref()),
        ]
    });
    let head = [
        ("时间", "at"),
        ("事件", "event"),
        ("时限", "clock"),
        ("单位", "unit"),
        ("原到期", "due before"),
        ("新到期", "due after"),
    ];
    html.table(&head, moves.collect());
    if !clocks.running.is_empty() {
        let running = clocks.running.iter().map(|r| {
            vec![cell(r.timer), dash(r.unit.as_ref()), cell(&r.due), cell(told(r.left_seconds)), cell(r.measure)]
        });
        let head = [("时限", "clock"), ("单位", "unit"), ("到期", "due"), ("剩余", "left"), ("口径", "time")];
        html.table(&head, running.collect());
    }
}
