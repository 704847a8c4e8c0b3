//! What follows from a likeness: the table D0–D8 and the guards of D§9.2 and D§9.3, as one function of values.
//!
//! A score never merges by itself. The caller says what it knows of both tickets, each value perhaps unknown, and gets
//! the class, what may be done, and every guard that stood in the way. An unknown value never opens a guard.

use serde::Serialize;
use suban_domain::DuplicateClass as Class;

use crate::automatic::Copy;

/// What kind of demand it is, as far as merging cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Demand {
    /// Everything else.
    Ordinary,
    /// 举报 of a nuisance: merged by a person only (G2).
    Report,
    /// 举报 of a public servant: never merged (G2).
    ReportOfOfficial,
    /// Not known.
    Unknown,
}

/// Where the earlier ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Standing {
    /// Open, and others may join it.
    Open,
    /// In CLOSE_REVIEW, PENDING_VERIFY or PENDING_CALLBACK: nobody joins (G3).
    Closing,
    /// Closed within the time in which a repetition is looked at (15 days by default).
    ClosedLately,
    /// Closed earlier.
    ClosedLongAgo,
}

/// Who reported both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Persons {
    /// The same person.
    Same,
    /// Two persons.
    Different,
    /// One of them is not known.
    Unknown,
}

/// How sure the score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Sureness {
    /// Below both thresholds.
    Unlikely,
    /// At the threshold for a suggestion.
    Suggest,
    /// At the automatic threshold of its category, or a copy word for word.
    Automatic,
}

/// What is known of the new ticket and the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Case {
    /// The same number of the same source system came again.
    pub same_source: bool,
    /// The earlier one came by another platform (信访, 12315, 领导留言板).
    pub other_platform: bool,
    /// Repeated empty or abusive calls of this person.
    pub nuisance: bool,
    /// Independent demands in the new one; 1 when it is one matter.
    pub demands: u32,
    /// Who reported both.
    pub persons: Persons,
    /// How sure the score is.
    pub sureness: Sureness,
    /// Whether it is a copy.
    pub copy: Option<Copy>,
    /// Where the earlier one stands.
    pub earlier: Standing,
    /// Kind of the two; the stricter counts.
    pub demand: Demand,
    /// One of them is confidential.
    pub confidential: bool,
    /// One of them is before a court or a petition office (涉访涉诉).
    pub litigation: bool,
    /// Wages, refunds, social insurance, housing: each has their own right; `None` when the matter is not known.
    pub personal_right: Option<bool>,
    /// Both would go to one lead unit; `None` when one lead is not known.
    pub same_lead: Option<bool>,
    /// The category may be merged automatically between different persons; `None` when the matter is not known.
    pub whitelisted: Option<bool>,
    /// They name the same subject (an enterprise, an estate).
    pub same_subject: bool,
    /// They name different buildings, or different poles: one symptom at two places is D4.
    pub other_spot: bool,
    /// A person said that these two are not the same.
    pub rejected: bool,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Act {
    /// The existing number goes back; nothing new.
    ReturnExisting,
    /// It joins the earlier one, without anybody asked.
    Merge,
    /// A person decides whether it joins.
    SuggestMerge,
    /// A person decides between redo, refusal with explanation, and a new linked ticket.
    AskAboutClosed,
    /// It is a new ticket, linked in a cluster of like cases.
    Cluster,
    /// It is a new ticket, linked to the one on the other platform.
    Link,
    /// It is split first; each part is judged by itself.
    Split,
    /// It is tagged and limited, never merged.
    Tag,
    /// It is a new ticket.
    New,
}

/// What stood in the way of merging, or of merging without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Guard {
    /// G1: the leads differ, or one is not known.
    Lead,
    /// G2: confidential, or a report of a public servant.
    Secret,
    /// G2: another 举报, or a kind that is not known.
    Report,
    /// G3: the earlier one takes nobody in.
    Closing,
    /// G5: 涉访涉诉.
    Litigation,
    /// G6: a right of each person, or a matter that is not known.
    PersonalRight,
    /// The category is not whitelisted, or not known.
    NotWhitelisted,
    /// One symptom at two places.
    OtherSpot,
    /// A person said no.
    Rejected,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The class; `None` for something new.
    pub class: Option<Class>,
    /// What is done.
    pub act: Act,
    /// What stood in the way, in order.
    pub guards: Vec<Guard>,
}

/// Decides.
#[must_use]
pub fn decide(case: &Case) -> Decision {
    let of = |class: Option<Class>, act: Act, guards: Vec<Guard>| Decision { class, act, guards };
    if case.same_source {
        return of(Some(Class::D0), Act::ReturnExisting, Vec::new());
    }
    if case.nuisance {
        return of(Some(Class::D8), Act::Tag, Vec::new());
    }
    if case.demands > 1 {
        return of(Some(Class::D6), Act::Split, Vec::new());
    }
    if case.rejected {
        return of(None, Act::New, vec![Guard::Rejected]);
    }
    if case.sureness == Sureness::Unlikely {
        let class = match case.persons {
            Persons::Same => Some(Class::D5),
            Persons::Different | Persons::Unknown => None,
        };
        return if case.same_subject && class.is_none() {
            of(Some(Class::D4), Act::Cluster, Vec::new())
        } else {
            of(class, Act::New, Vec::new())
        };
    }
    if case.other_platform {
        return of(Some(Class::D7), Act::Link, Vec::new());
    }
    let never = forbidden(case);
    if !never.is_empty() {
        return of(None, Act::New, never);
    }
    match case.persons {
        Persons::Same => same_person(case),
        Persons::Different | Persons::Unknown => others(case),
    }
}

/// Guards that no person may overrule here.
fn forbidden(case: &Case) -> Vec<Guard> {
    let secret = case.confidential || case.demand == Demand::ReportOfOfficial;
    [(secret, Guard::Secret), (case.litigation, Guard::Litigation)].into_iter().filter(|g| g.0).map(|g| g.1).collect()
}

fn same_person(case: &Case) -> Decision {
    if case.other_spot && case.copy.is_none() {
        // Who reports two lamps means two lamps.
        return Decision { class: Some(Class::D5), act: Act::New, guards: vec![Guard::OtherSpot] };
    }
    match case.earlier {
        Standing::ClosedLately => Decision { class: Some(Class::D2), act: Act::AskAboutClosed, guards: Vec::new() },
        Standing::ClosedLongAgo => Decision { class: None, act: Act::New, guards: Vec::new() },
        Standing::Closing => Decision { class: Some(Class::D1), act: Act::New, guards: vec![Guard::Closing] },
        Standing::Open => {
            let mut guards = Vec::new();
            match case.demand {
                Demand::Ordinary | Demand::Unknown => {}
                Demand::Report | Demand::ReportOfOfficial => guards.push(Guard::Report),
            }
            if case.same_lead == Some(false) {
                guards.push(Guard::Lead);
            }
            let sure = case.sureness == Sureness::Automatic && guards.is_empty();
            Decision { class: Some(Class::D1), act: if sure { Act::Merge } else { Act::SuggestMerge }, guards }
        }
    }
}

fn others(case: &Case) -> Decision {
    if case.other_spot && case.copy.is_none() {
        return Decision { class: Some(Class::D4), act: Act::Cluster, guards: vec![Guard::OtherSpot] };
    }
    if case.personal_right == Some(true) {
        return Decision { class: Some(Class::D4), act: Act::Cluster, guards: vec![Guard::PersonalRight] };
    }
    match case.earlier {
        Standing::Open => {}
        // Recurring trouble is the same event only while the master is open.
        Standing::Closing | Standing::ClosedLately | Standing::ClosedLongAgo => {
            return Decision { class: None, act: Act::New, guards: vec![Guard::Closing] };
        }
    }
    let kind = match case.demand {
        Demand::Ordinary => false,
        Demand::Report | Demand::ReportOfOfficial | Demand::Unknown => true,
    };
    let guards: Vec<Guard> = [
        (case.same_lead != Some(true), Guard::Lead),
        (kind, Guard::Report),
        (case.personal_right.is_none(), Guard::PersonalRight),
        (case.whitelisted != Some(true), Guard::NotWhitelisted),
    ]
    .into_iter()
    .filter(|guard| guard.0)
    .map(|guard| guard.1)
    .collect();
    let sure = case.sureness == Sureness::Automatic && guards.is_empty() && case.persons == Persons::Different;
    Decision { class: Some(Class::D3), act: if sure { Act::Merge } else { Act::SuggestMerge }, guards }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A street lamp that two persons report; everything is known and allowed.
    pub(crate) fn lamp() -> Case {
        Case {
            same_source: false,
            other_platform: false,
            nuisance: false,
            demands: 1,
            persons: Persons::Different,
            sureness: Sureness::Automatic,
            copy: None,
            earlier: Standing::Open,
            demand: Demand::Ordinary,
            confidential: false,
            litigation: false,
            personal_right: Some(false),
            same_lead: Some(true),
            whitelisted: Some(true),
            same_subject: false,
            other_spot: false,
            rejected: false,
        }
    }

    fn decided(case: Case) -> (Option<Class>, Act) {
        let decision = decide(&case);
        (decision.class, decision.act)
    }

    #[test]
    fn each_class_of_the_table() {
        for (case, class, act) in [
            (Case { same_source: true, ..lamp() }, Some(Class::D0), Act::ReturnExisting),
            (Case { persons: Persons::Same, ..lamp() }, Some(Class::D1), Act::Merge),
            (
                Case { persons: Persons::Same, earlier: Standing::ClosedLately, ..lamp() },
                Some(Class::D2),
                Act::AskAboutClosed,
            ),
            (lamp(), Some(Class::D3), Act::Merge),
            (Case { personal_right: Some(true), ..lamp() }, Some(Class::D4), Act::Cluster),
            (Case { persons: Persons::Same, sureness: Sureness::Unlikely, ..lamp() }, Some(Class::D5), Act::New),
            (Case { demands: 2, ..lamp() }, Some(Class::D6), Act::Split),
            (Case { other_platform: true, ..lamp() }, Some(Class::D7), Act::Link),
            (Case { nuisance: true, ..lamp() }, Some(Class::D8), Act::Tag),
            (Case { sureness: Sureness::Unlikely, ..lamp() }, None, Act::New),
        ] {
            assert_eq!(decided(case), (class, act), "{case:?}");
        }
    }

    #[test]
    fn two_lamp_posts_in_one_street_are_like_cases() {
        let apart = Case { other_spot: true, ..lamp() };
        assert_eq!(decided(apart), (Some(Class::D4), Act::Cluster));
        let by_one = Case { persons: Persons::Same, ..apart };
        assert_eq!(decided(by_one), (Some(Class::D5), Act::New));
        assert_eq!(decided(Case { copy: Some(Copy::SamePerson), ..by_one }), (Some(Class::D1), Act::Merge));
    }

    #[test]
    fn what_is_not_known_asks_a_person() {
        for case in [
            Case { same_lead: None, ..lamp() },
            Case { whitelisted: None, ..lamp() },
            Case { personal_right: None, ..lamp() },
            Case { demand: Demand::Unknown, ..lamp() },
            Case { persons: Persons::Unknown, ..lamp() },
            Case { sureness: Sureness::Suggest, ..lamp() },
        ] {
            assert_eq!(decided(case), (Some(Class::D3), Act::SuggestMerge), "{case:?}");
        }
    }

    #[test]
    fn a_rejected_pair_stays_rejected() {
        assert_eq!(decided(Case { rejected: true, copy: Some(Copy::SamePlace), ..lamp() }), (None, Act::New));
    }

    proptest! {
        #[test]
        fn nothing_secret_disputed_or_rejected_ever_merges(bits: u16, sureness in 0..3_u8) {
            let bit = |n: u16| bits & 1 << n != 0;
            let case = Case {
                confidential: bit(0),
                litigation: bit(1),
                rejected: bit(2),
                demand: if bit(3) { Demand::ReportOfOfficial } else { Demand::Ordinary },
                persons: if bit(4) { Persons::Same } else { Persons::Different },
                copy: bit(5).then_some(Copy::SamePerson),
                sureness: [Sureness::Unlikely, Sureness::Suggest, Sureness::Automatic][usize::from(sureness)],
                same_lead: bit(6).then_some(bit(7)),
                whitelisted: bit(8).then_some(bit(9)),
                personal_right: bit(10).then_some(bit(11)),
                earlier: if bit(12) { Standing::Closing } else { Standing::Open },
                ..lamp()
            };
            let decision = decide(&case);
            if bit(0) || bit(1) || bit(2) || bit(3) || bit(12) {
                prop_assert!(!matches!(decision.act, Act::Merge | Act::SuggestMerge));
            }
            if decision.act == Act::Merge {
                prop_assert!(decision.guards.is_empty() && case.sureness == Sureness::Automatic);
            }
        }
    }
}
