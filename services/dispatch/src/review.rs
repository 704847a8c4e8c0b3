//! Is a reply fit to be sent? Rules that anybody can follow, before a person has to look (D§6.2 F28, D§11.4).
//!
//! The rules are [`suban_text::reply`]'s. Here stands what follows: the system accepts a result alone when none of them
//! asks for a person's look; otherwise a person reads it, and is told what was found. Rules never reject: what looks
//! wrong to them may be right.

use std::sync::LazyLock;

use jiff::civil::Date;
use suban_domain::Ticket;
use suban_store::Told;
use suban_text::reply::{Asked, Checker, Finding, Reply, Rule, Severity};

/// Accept results without a person when the rules find nothing. A constant until policies are data; a hotline that
/// wants every reply read sets it to false and loses nothing else.
pub const ACCEPT_CLEAN_RESULTS: bool = true;

static CHECKER: LazyLock<Checker> = LazyLock::new(Checker::default);

/// What the rules find in a reply to a ticket, what weighs most first.
#[must_use]
pub fn findings(ticket: &Ticket, told: &Told, reply: &str, on: Date) -> Vec<Finding> {
    let outcome = ticket.result.as_ref().map(|result| result.outcome);
    let reply = Reply { text: reply, on: Some(on), outcome };
    CHECKER.check(&reply, &Asked { title: &told.title, words: &told.words, kind: ticket.kind })
}

/// English courtesies: the rules know Chinese, so of other replies only these are taken away and the rest is measured.
const COURTESIES: &[&str] =
    &["dear citizen", "your request has been received", "has been handled", "thank you for your call", "thank you"];
/// Letters that an English reply has beside them.
const SHORTEST: usize = 16;

/// Does a person have to read it? What only advises its writer keeps nobody waiting; nor does the rule about another
/// subject, which marks by hand do not bear out (docs/results.md) and which is shown to whoever looks.
#[must_use]
pub fn needs_a_person(reply: &str, findings: &[Finding]) -> bool {
    if reply.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return findings.iter().any(|found| found.severity >= Severity::Look && found.rule != Rule::OffTopic);
    }
    let rest = COURTESIES.iter().fold(reply.to_lowercase(), |text, courtesy| text.replace(courtesy, ""));
    rest.chars().filter(|c| c.is_alphanumeric()).count() < SHORTEST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(reply: &str) -> bool {
        let asked = Asked { words: "潮音路护栏损坏,请尽快处理", ..Asked::default() };
        needs_a_person(reply, &CHECKER.check(&Reply { text: reply, ..Reply::default() }, &asked))
    }

    #[test]
    fn an_honest_reply_passes() {
        assert!(!asks("我中心已于11月20日派人到场修复护栏,并检查了整段路。"));
        assert!(!asks("Our team repaired the railing on Friday and checked the rest of the road."));
        assert!(!asks("我单位已派员到现场修复,并检查了周边,现已处理完毕,感谢您的监督。"));
    }

    #[test]
    fn courtesies_and_passing_on_are_read_by_a_person() {
        assert!(asks("Dear citizen, your request has been received. Thank you.") && asks("ok."));
        for reply in ["", "   ", "您好,您的诉求已收悉,感谢您的来电,谢谢支持!", "您好,已转相关部门处理,谢谢。"]
        {
            assert!(asks(reply), "{reply}");
        }
    }
}
