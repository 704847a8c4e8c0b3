//! D§3 "must not", R-SEC-2, R-SEC-9 and R-SEC-10, by example.

use uuid::Uuid;

use super::*;

fn caller(role: Role, person: &str) -> Caller {
    Caller {
        token_id: Uuid::nil(),
        actor: suban_domain::Actor { role, person: person.parse().unwrap(), unit: None, area: None },
        outsourced: false,
    }
}

fn at_unit(role: Role, unit: &str) -> Caller {
    let mut caller = caller(role, "somebody");
    caller.actor.unit = Some(unit.parse().unwrap());
    caller
}

fn in_area(role: Role, area: &str) -> Caller {
    let mut caller = caller(role, "somebody");
    caller.actor.area = Some(area.parse().unwrap());
    caller
}

struct Sample {
    units: Vec<UnitCode>,
    area: AreaCode,
    agent: PersonCode,
    citizen: PersonCode,
    viewers: Vec<PersonCode>,
}

impl Sample {
    fn new() -> Self {
        Self {
            units: vec!["U1".parse().unwrap()],
            area: "4403A1".parse().unwrap(),
            agent: "agent-1".parse().unwrap(),
            citizen: "citizen-1".parse().unwrap(),
            viewers: vec!["named".parse().unwrap()],
        }
    }

    fn ticket(&self) -> TicketView<'_> {
        TicketView {
            units: &self.units,
            area: Some(&self.area),
            confidential: false,
            registered_by: Some(&self.agent),
            requester: Some(&self.citizen),
            contact_consent: true,
            viewers: &self.viewers,
        }
    }

    fn confidential(&self) -> TicketView<'_> {
        TicketView { confidential: true, ..self.ticket() }
    }
}

#[test]
fn an_agent_does_not_read_other_agents_confidential_tickets() {
    let s = Sample::new();
    assert_eq!(may_read(&caller(Role::Agent, "agent-1"), &s.confidential()), Ok(Reading::Full));
    assert_eq!(may_read(&caller(Role::Agent, "agent-2"), &s.confidential()), Err(Denial::Confidential));
    assert_eq!(may_read(&caller(Role::Agent, "agent-2"), &s.ticket()), Ok(Reading::Full));
}

#[test]
fn a_unit_reads_what_is_with_it_and_with_its_teams() {
    let s = Sample::new();
    for unit in ["U1", "U1/night"] {
        assert_eq!(may_read(&at_unit(Role::UnitHandler, unit), &s.ticket()), Ok(Reading::Full), "{unit}");
    }
    for unit in ["U2", "U12", "U"] {
        assert_eq!(may_read(&at_unit(Role::UnitHandler, unit), &s.ticket()), Err(Denial::OtherUnit), "{unit}");
    }
    let team = ["U1/night".parse().unwrap()];
    let ticket = TicketView { units: &team, ..s.ticket() };
    assert_eq!(may_read(&at_unit(Role::UnitLead, "U1"), &ticket), Ok(Reading::Full));
    assert_eq!(may_read(&at_unit(Role::UnitHandler, "U1/day"), &ticket), Err(Denial::OtherUnit));
    assert_eq!(may_read(&caller(Role::UnitHandler, "unitless"), &ticket), Err(Denial::OtherUnit));
}

#[test]
fn nobody_surveys_or_verifies_their_own_unit() {
    let s = Sample::new();
    assert_eq!(may_read(&at_unit(Role::Callback, "U1"), &s.ticket()), Err(Denial::OwnUnit));
    assert_eq!(may_reveal(&at_unit(Role::Callback, "U1"), &s.ticket(), "survey"), Err(Denial::OwnUnit));
    assert_eq!(may_read(&at_unit(Role::Verifier, "U1/night"), &s.ticket()), Err(Denial::OwnUnit));
    assert_eq!(may_read(&at_unit(Role::Callback, "C9"), &s.ticket()), Ok(Reading::Outline), "what the survey needs");
}

#[test]
fn an_analyst_sees_no_person_and_reveals_none() {
    let s = Sample::new();
    let analyst = caller(Role::Analyst, "x");
    assert_eq!(mask(&analyst, &s.ticket()).person, PersonMask::Hidden);
    assert_eq!(may_reveal(&analyst, &s.ticket(), "curious"), Err(Denial::Role(Role::Analyst)));
}

#[test]
fn who_is_bound_to_an_area_reads_inside_it() {
    let s = Sample::new();
    assert_eq!(may_read(&in_area(Role::Supervisor, "4403"), &s.ticket()), Ok(Reading::Full));
    assert_eq!(may_read(&in_area(Role::Supervisor, "4401"), &s.ticket()), Err(Denial::OtherArea));
    let nowhere = TicketView { area: None, ..s.ticket() };
    assert_eq!(may_read(&in_area(Role::Dispatcher, "4403"), &nowhere), Err(Denial::OtherArea));
    assert_eq!(may_read(&caller(Role::Dispatcher, "d"), &nowhere), Ok(Reading::Full));
}

#[test]
fn a_citizen_and_a_channel_read_the_outline_of_their_own() {
    let s = Sample::new();
    assert_eq!(may_read(&caller(Role::Citizen, "citizen-1"), &s.confidential()), Ok(Reading::Outline));
    assert_eq!(may_read(&caller(Role::Citizen, "citizen-2"), &s.ticket()), Err(Denial::NotYours));
    assert_eq!(may_read(&caller(Role::IntakeBot, "agent-1"), &s.ticket()), Ok(Reading::Outline));
    assert_eq!(may_read(&caller(Role::IntakeBot, "other"), &s.ticket()), Err(Denial::NotYours));
}

mod r_sec_2_reveal {
    use super::*;

    #[test]
    fn a_handler_reveals_for_a_reason_what_is_with_their_unit() {
        let s = Sample::new();
        let handler = at_unit(Role::UnitHandler, "U1");
        assert_eq!(may_reveal(&handler, &s.ticket(), "first contact"), Ok(()));
        assert_eq!(may_reveal(&handler, &s.ticket(), "  "), Err(Denial::NoReason));
        assert_eq!(may_reveal(&at_unit(Role::UnitHandler, "U2"), &s.ticket(), "first contact"), Err(Denial::OtherUnit));
    }

    #[test]
    fn a_citizen_who_does_not_want_the_units_call_is_not_revealed_to_it() {
        let s = Sample::new();
        let ticket = TicketView { contact_consent: false, ..s.ticket() };
        assert_eq!(may_reveal(&at_unit(Role::UnitHandler, "U1"), &ticket, "contact"), Err(Denial::NoConsent));
        assert_eq!(may_reveal(&at_unit(Role::Callback, "C9"), &ticket, "survey"), Ok(()));
    }

    #[test]
    fn reading_never_unmasks() {
        let s = Sample::new();
        for role in Role::ALL.iter().copied() {
            let mask = mask(&caller(role, "x"), &s.ticket());
            assert!(matches!(mask.person, PersonMask::Partial | PersonMask::Hidden));
        }
    }
}

mod r_sec_9_confidential {
    use super::*;

    #[test]
    fn named_viewers_read_and_others_of_the_same_role_do_not() {
        let s = Sample::new();
        for role in [Role::Supervisor, Role::Qa, Role::Leader, Role::Analyst, Role::Auditor, Role::MergeReviewer] {
            assert_eq!(may_read(&caller(role, "x"), &s.confidential()), Err(Denial::Confidential), "{role}");
            assert_eq!(may_read(&caller(role, "named"), &s.confidential()), Ok(Reading::Full), "{role}");
        }
    }

    #[test]
    fn the_unit_handles_without_knowing_who_reported() {
        let s = Sample::new();
        let handler = at_unit(Role::UnitHandler, "U1");
        assert_eq!(may_read(&handler, &s.confidential()), Ok(Reading::Full));
        assert_eq!(mask(&handler, &s.confidential()), Mask { person: PersonMask::Hidden, place: PlaceMask::Clear });
        assert_eq!(may_reveal(&handler, &s.confidential(), "contact"), Err(Denial::Confidential));
    }

    #[test]
    fn others_learn_only_the_community() {
        let s = Sample::new();
        assert_eq!(mask(&caller(Role::Supervisor, "named"), &s.confidential()).place, PlaceMask::Coarse);
        assert_eq!(mask(&caller(Role::Supervisor, "x"), &s.ticket()).place, PlaceMask::Clear);
    }
}

mod r_sec_10_outsourced {
    use super::*;

    #[test]
    fn outsourced_staff_see_the_outline_only() {
        let s = Sample::new();
        for role in Role::ALL.iter().copied() {
            let mut outsourced = caller(role, "agent-1");
            outsourced.outsourced = true;
            if role != Role::System {
                assert_ne!(may_read(&outsourced, &s.ticket()), Ok(Reading::Full), "{role}");
            }
            for what in Administration::ALL {
                assert!(may_administer(&outsourced, what).is_err(), "{role}");
            }
        }
    }

    #[test]
    fn an_outsourced_agent_reveals_only_who_called_them() {
        let s = Sample::new();
        let mut agent = caller(Role::Agent, "agent-1");
        agent.outsourced = true;
        assert_eq!(may_reveal(&agent, &s.ticket(), "number unclear"), Ok(()));
        agent.actor.person = "agent-2".parse().unwrap();
        assert_eq!(may_reveal(&agent, &s.ticket(), "number unclear"), Err(Denial::Outsourced));
    }
}

mod three_administrators {
    use super::*;

    #[test]
    fn each_thing_has_one_role_and_no_role_has_two_administrators_things() {
        for what in Administration::ALL {
            let may: Vec<_> =
                Role::ALL.iter().filter(|role| may_administer(&caller(**role, "x"), what).is_ok()).collect();
            assert_eq!(may.len(), 1, "{what:?} by {may:?}");
        }
    }

    #[test]
    fn nobody_holds_two_of_the_three() {
        assert!(!may_hold_together(Role::SysAdmin, Role::Auditor));
        assert!(!may_hold_together(Role::SecAdmin, Role::SysAdmin));
        assert!(may_hold_together(Role::Dispatcher, Role::MergeReviewer));
        assert!(may_hold_together(Role::Auditor, Role::Auditor));
    }

    #[test]
    fn technical_administrators_read_no_tickets() {
        let s = Sample::new();
        for role in [Role::SysAdmin, Role::SecAdmin] {
            assert_eq!(may_read(&caller(role, "x"), &s.ticket()), Err(Denial::Role(role)));
        }
    }
}

#[test]
fn figures_are_for_those_who_lead_and_check() {
    for role in [Role::Supervisor, Role::Leader, Role::SysAdmin, Role::UnitLead] {
        assert_eq!(may_watch(&caller(role, "x")), Ok(()));
    }
    for role in [Role::Citizen, Role::Agent, Role::UnitHandler] {
        assert_eq!(may_watch(&caller(role, "x")), Err(Denial::Role(role)));
    }
}

#[test]
fn a_denial_becomes_permission_denied_with_its_reason() {
    let status = Status::from(Denial::OwnUnit);
    assert_eq!(status.code(), tonic::Code::PermissionDenied);
    assert_eq!(errors::Problem::from(status).reason.as_deref(), Some("OWN_UNIT"));
}

#[test]
fn photographs_are_for_who_works_on_the_ticket() {
    let sample = Sample::new();
    let see = |caller: &Caller, ticket: &TicketView<'_>| may_see_files(caller, ticket).map_err(|d| d.code());
    let ticket = sample.ticket();
    for caller in [
        caller(Role::Agent, "agent-1"),
        at_unit(Role::UnitHandler, "U1"),
        at_unit(Role::UnitHandler, "U1/night"),
        caller(Role::Dispatcher, "d"),
        caller(Role::MergeReviewer, "m"),
        in_area(Role::Supervisor, "4403"),
        caller(Role::Auditor, "a"),
    ] {
        assert_eq!(see(&caller, &ticket), Ok(()), "{}", caller.actor.role);
    }
    assert_eq!(see(&at_unit(Role::UnitHandler, "U2"), &ticket), Err("OTHER_UNIT"));
    for role in [Role::Analyst, Role::KpiAdmin, Role::Leader, Role::SysAdmin, Role::Callback] {
        assert_eq!(see(&caller(role, "x"), &ticket), Err("ROLE"), "{role}");
    }
    let outsourced = Caller { outsourced: true, ..caller(Role::Agent, "agent-1") };
    assert_eq!(see(&outsourced, &ticket), Err("OUTSOURCED"));

    let confidential = sample.confidential();
    assert_eq!(see(&at_unit(Role::UnitHandler, "U1"), &confidential), Err("CONFIDENTIAL"));
    let mut named = at_unit(Role::UnitHandler, "U1");
    named.actor.person = "named".parse().unwrap();
    assert_eq!(see(&named, &confidential), Ok(()));
    assert_eq!(see(&caller(Role::Agent, "agent-2"), &confidential), Err("CONFIDENTIAL"));
}

#[test]
fn files_are_added_by_who_works_on_the_ticket_and_for_citizens() {
    let sample = Sample::new();
    let ticket = sample.ticket();
    for caller in [
        caller(Role::Citizen, "app"),
        caller(Role::IntakeBot, "wechat"),
        caller(Role::Agent, "agent-2"),
        at_unit(Role::UnitHandler, "U1"),
        caller(Role::Verifier, "grid-1"),
    ] {
        assert_eq!(may_add_files(&caller, &ticket), Ok(()), "{}", caller.actor.role);
    }
    assert_eq!(may_add_files(&at_unit(Role::UnitSigner, "U2"), &ticket), Err(Denial::OtherUnit));
    for role in [Role::Analyst, Role::Auditor, Role::Leader, Role::SysAdmin, Role::CallbackBot] {
        assert_eq!(may_add_files(&caller(role, "x"), &ticket), Err(Denial::Role(role)));
    }
}

#[test]
fn whatever_may_be_read_lies_in_the_callers_scope() {
    let s = Sample::new();
    let elsewhere: AreaCode = "4403B2".parse().unwrap();
    let team = ["U1/night".parse().unwrap()];
    let tickets = [
        s.ticket(),
        s.confidential(),
        TicketView { area: None, ..s.ticket() },
        TicketView { area: Some(&elsewhere), ..s.ticket() },
        TicketView { units: &team, ..s.ticket() },
        TicketView { units: &[], ..s.ticket() },
    ];
    for role in Role::ALL.iter().copied() {
        for (unit, area) in
            [(None, None), (Some("U1"), None), (Some("U1/night"), Some("4403A1")), (Some("U2"), Some("44"))]
        {
            let mut caller = caller(role, "named");
            caller.actor.unit = unit.map(|u| u.parse().unwrap());
            caller.actor.area = area.map(|a| a.parse().unwrap());
            for outsourced in [false, true] {
                caller.outsourced = outsourced;
                for ticket in &tickets {
                    let Ok(reading) = may_read(&caller, ticket) else { continue };
                    if matches!(role, Role::Citizen | Role::IntakeBot) {
                        continue; // One ticket at a time, through its link.
                    }
                    let scope = scope(&caller).unwrap();
                    let with = |unit: &UnitCode| ticket.units.iter().any(|u| related(unit, u));
                    assert!(scope.of_unit.as_ref().is_none_or(with), "{caller:?} {scope:?}");
                    assert!(scope.not_of_unit.as_ref().is_none_or(|u| !with(u)), "{caller:?} {scope:?}");
                    assert!(
                        scope.area.as_ref().is_none_or(|a| ticket.area.is_some_and(|b| a.contains(b))),
                        "{caller:?}"
                    );
                    assert!(reading == Reading::Full || !scope.words, "{caller:?} learns words by looking for them");
                }
            }
        }
    }
    assert!(!scope(&at_unit(Role::UnitHandler, "U1")).unwrap().phone, "a unit cannot try out who reported it");
}
