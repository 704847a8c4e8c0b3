//! Who plays, and the scenes that many plays begin with.

use suban_domain::{
    Action, Actor, Answers, Kind, ReturnReason, Role, SourceId, SourceSystem, Span, SurveyMeans, Upstream, Urgency,
};

use super::{Play, START, actor, submission, text, unit};

pub(crate) fn agent() -> Actor {
    actor(Role::Agent, "ag", None)
}
pub(crate) fn dispatcher() -> Actor {
    actor(Role::Dispatcher, "di", None)
}
pub(crate) fn second_dispatcher() -> Actor {
    actor(Role::Dispatcher, "second", None)
}
pub(crate) fn supervisor() -> Actor {
    actor(Role::Supervisor, "su", None)
}
pub(crate) fn citizen() -> Actor {
    actor(Role::Citizen, "citizen", None)
}
pub(crate) fn signer(of: &str) -> Actor {
    actor(Role::UnitSigner, "si", Some(of))
}
pub(crate) fn head(of: &str) -> Actor {
    actor(Role::UnitLead, "he", Some(of))
}
pub(crate) fn gateway() -> Actor {
    actor(Role::IntakeBot, "gw", None)
}

/// A ticket that an agent has not accepted yet.
pub(crate) fn received() -> Play {
    let mut s = submission(1);
    s.accept = None;
    Play::of(s)
}

pub(crate) fn signed() -> Play {
    let mut play = Play::new();
    play.dispatched("u1", &[]).signed("u1");
    play
}

/// The unit's result is accepted and the citizen is to be asked.
pub(crate) fn called_back() -> Play {
    let mut play = Play::new();
    play.dispatched("u1", &[]).handled("u1");
    play
}

pub(crate) fn from_above() -> suban_domain::Submission {
    let mut s = submission(1);
    s.upstream = Some(Upstream {
        system: SourceSystem::new("city").unwrap(),
        number: SourceId::new("c-1").unwrap(),
        due: Some(START.plus(Span::days(5))),
        round: 0,
    });
    s
}

pub(crate) fn survey(solved: u8) -> Action {
    Action::Survey { answers: Answers { solved: Some(solved), ..Answers::default() }, means: SurveyMeans::Link }
}

pub(crate) fn returns(reason: ReturnReason, suggested: Option<&str>) -> Action {
    Action::RequestReturn { reason, evidence: text(5), suggested: suggested.map(unit) }
}

pub(crate) fn amend(urgency: Option<Urgency>, kind: Option<Kind>) -> Action {
    Action::Amend { kind, urgency, matter: None, area: None, point: None, flags: None, title: None }
}
