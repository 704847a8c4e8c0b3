//! Is a reply fit to be sent? Rules that anybody can follow, before a person has to look (D§6.2 F28, D§11.4).
//!
//! The system accepts a result alone when no rule finds anything; otherwise a person reads it. Rules never reject:
//! what looks wrong to them may be right.

/// Accept results without a person when the rules find nothing. A constant until policies are data; a hotline that
/// wants every reply read sets it to false and loses nothing else.
pub const ACCEPT_CLEAN_RESULTS: bool = true;

/// Letters and ideographs that a reply needs to say anything.
const SHORTEST: usize = 8;

/// Phrases that say nothing by themselves; a reply made of nothing else is empty talk (D§11.4).
const TEMPLATES: &[&str] = &[
    "您好",
    "市民",
    "尊敬的",
    "感谢",
    "来电",
    "您的",
    "诉求",
    "已收悉",
    "收悉",
    "已处理完毕",
    "已处理",
    "已转办",
    "已办结",
    "已解决",
    "情况属实",
    "已回复",
    "谢谢",
    "支持",
    "理解",
    "对您的",
    "我单位",
    "反映",
    "的问题",
    "问题",
    "该",
    "工作",
    "dear citizen",
    "thank you for your call",
    "your request has been received",
    "has been handled",
    "handled",
    "thank you",
    "done",
];

/// Signs of a form that was not filled in.
const BLANKS: &[&str] = &["xx", "××", "{", "}", "【】", "()", "()", "___"];

/// What the rules found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing, or next to nothing, is said.
    TooShort,
    /// Only phrases that fit every case.
    TemplateOnly,
    /// A form with blanks.
    Unfilled,
}

/// Checks a reply as it may be read (masked). `None`: nothing found.
#[must_use]
pub fn reply_check(reply: &str) -> Option<Finding> {
    let lower = reply.to_lowercase();
    if letters(&lower) < SHORTEST {
        return Some(Finding::TooShort);
    }
    if BLANKS.iter().any(|blank| lower.contains(blank)) {
        return Some(Finding::Unfilled);
    }
    let rest = TEMPLATES.iter().fold(lower, |text, phrase| text.replace(phrase, ""));
    (letters(&rest) < SHORTEST / 2).then_some(Finding::TemplateOnly)
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_reply_passes() {
        assert_eq!(reply_check("我中心已于11月20日派人到场清理积水,并疏通了排水口。"), None);
        assert_eq!(reply_check("Our team cleared the drain on Friday and will check it again."), None);
    }

    #[test]
    fn an_empty_or_short_reply_is_read_by_a_person() {
        for reply in ["", "   ", "已办", "ok.", "。。。。。。。。。。"] {
            assert_eq!(reply_check(reply), Some(Finding::TooShort), "{reply}");
        }
    }

    #[test]
    fn a_template_alone_is_read_by_a_person() {
        assert_eq!(reply_check("您好,您的诉求已收悉,感谢您的来电,谢谢支持!"), Some(Finding::TemplateOnly));
        assert_eq!(
            reply_check("Dear citizen, your request has been received. Thank you."),
            Some(Finding::TemplateOnly)
        );
    }

    #[test]
    fn a_form_with_blanks_is_read_by_a_person() {
        assert_eq!(reply_check("您反映的XX小区积水问题已由××处理完毕"), Some(Finding::Unfilled));
    }
}
