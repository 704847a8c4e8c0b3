//! Findings in words, for the person who wrote the reply and for the one who reviews it.

use std::ops::Range;

use super::{
    FURTHER_ANSWER, Finding, Measures, ONE_ANSWER, Rule, Severity,
    clauses::Clause,
    people::{Others, What},
    topic::Topic,
};

fn finding(rule: Rule, severity: Severity, range: Range<usize>, zh: &str, en: &str) -> Finding {
    Finding { rule, severity, range, zh: zh.to_owned(), en: en.to_owned() }
}

pub(super) fn off_topic(range: Range<usize>, topic: &Topic) -> Finding {
    let (missing_zh, missing_en) = (topic.missing.join("、"), topic.missing.join(", "));
    let (mut zh, mut en) = (
        "答复与诉求几乎没有共同内容".to_owned(),
        "the reply has hardly a word in common with what was asked".to_owned(),
    );
    if !topic.missing.is_empty() {
        zh += &format!("；诉求提到{missing_zh}，答复未提及");
        en += &format!("; it does not speak of {missing_en}");
    }
    finding(Rule::OffTopic, Severity::Look, range, &zh, &en)
}

pub(super) fn template(range: Range<usize>) -> Finding {
    let (zh, en) = (
        "答复除客套话外没有内容，请写明查明的事实和办理情况",
        "the reply is courtesies alone; say what was found and what was done",
    );
    finding(Rule::Template, Severity::Blocks, range, zh, en)
}

pub(super) fn passed_on(clause: &Clause) -> Finding {
    let zh = "答复只说明已转办，没有说明办理单位查明了什么、做了什么";
    let en = "the reply only says that the matter was passed on, not what was found or done";
    finding(Rule::NoAction, Severity::Look, clause.range.clone(), zh, en)
}

pub(super) fn promised_only(clause: &Clause) -> Finding {
    let (zh, en) = ("答复只有承诺，没有已采取的行动", "the reply only promises; nothing was done yet");
    finding(Rule::NoAction, Severity::Look, clause.range.clone(), zh, en)
}

pub(super) fn no_action(range: Range<usize>) -> Finding {
    let zh = "诉求人要求处理，答复既没有写已采取的行动，也没有写不处理的依据";
    let en = "the citizen asked that something be done; the reply names neither an action nor why there is none";
    finding(Rule::NoAction, Severity::Look, range, zh, en)
}

pub(super) fn promise(clause: &Clause) -> Finding {
    let (zh, en) = ("承诺没有时间，请写明何时完成", "a promise without a time; say by when");
    finding(Rule::PromiseWithoutDate, Severity::Advice, clause.range.clone(), zh, en)
}

pub(super) fn others(others: Others) -> Finding {
    let (severity, zh, en) = match others.what {
        What::Mobile => (Severity::Blocks, "他人的手机号码", "somebody else's mobile number"),
        What::Card => (Severity::Blocks, "他人的证件或银行卡号", "the number of somebody else's card"),
        What::Email => (Severity::Look, "来件中没有的邮箱", "an e-mail address that the message does not have"),
        // Names are guessed by what stands beside them.
        What::Name => (Severity::Look, "他人的姓名", "what looks like somebody else's name"),
    };
    let (zh, en) = (format!("答复中有{zh}，请删去"), format!("the reply holds {en}; take it out"));
    finding(Rule::OthersData, severity, others.range, &zh, &en)
}

pub(super) fn too_short(range: Range<usize>, measures: &Measures) -> Finding {
    let Measures { substance, questions, .. } = measures;
    let wanted = ONE_ANSWER + FURTHER_ANSWER * (questions - 1);
    let zh = format!("诉求有{questions}个问题，答复的实质内容只有{substance}字，一般不少于{wanted}字");
    let en = format!("{questions} question(s) were put and {substance} characters answer them; {wanted} is usual");
    finding(Rule::TooShort, Severity::Advice, range, &zh, &en)
}

pub(super) fn done_later(clause: &Clause) -> Finding {
    let (zh, en) = ("所述已办事项的日期晚于答复日期", "what is told as done is dated after the reply");
    finding(Rule::Contradiction, Severity::Look, clause.range.clone(), zh, en)
}

pub(super) fn solved_ahead(promise: &Clause) -> Finding {
    let zh = "办理结果为“实际解决”，而答复只有将要做的事";
    let en = "the result says solved, and all that the reply names lies ahead";
    finding(Rule::Contradiction, Severity::Look, promise.range.clone(), zh, en)
}
