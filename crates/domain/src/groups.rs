//! What touches two tickets: joining, leaving, changing places, splitting (D§9.3, D§9.5, D§9.6).
//!
//! Each function returns events for both sides, to be committed in one transaction. A merge is a relation and never
//! moves content: every member keeps its number, words and citizen, and an unmerge gives back what it held (M1, M6).
//! Depth is one: a caller resolves a member to its master first (G7).

use crate::{
    Actor, At, Due, DuplicateClass, Event, Fact, Flags, Handover, Kind, Limits, Merge, Refusal, Role, Span, State,
    Submission, Task, TaskRole, TaskState, Ticket, TicketId, Timer, Transition, VersionCode,
    decide::{self, approve_duplicate, may_withdraw, measure, put_off_task, restored, tighten, with_cards},
    transitions::rows,
};

/// Events of the two tickets that a change of a group touches.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// For the member; for a change of masters, for the one that leads from now on.
    pub member: Vec<Event>,
    /// For the master; for a change of masters, for the one that led.
    pub master: Vec<Event>,
}

/// What only the catalogue knows of two tickets that a machine would merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The matter's category is whitelisted for merging without a person (D§9.2 D3).
    pub whitelisted: bool,
    /// The same unit would lead both (G1).
    pub same_lead: bool,
    /// Wages, refunds, social insurance, housing: each person's own right (G6).
    pub personal_right: bool,
}

/// Does `a` lead before `b`? The earliest received does; of two at the same moment, the smaller id.
#[must_use]
pub fn should_lead(a: &Ticket, b: &Ticket) -> bool {
    (a.received_at, a.id) < (b.received_at, b.id)
}

/// F09 with F55: `member` follows `master` from now on.
///
/// A return with code 25 ("a duplicate that was not merged") is approved by this (F15).
///
/// # Errors
/// The guard of D§9.3 that forbids it.
pub fn join(
    member: &Ticket,
    master: &Ticket,
    class: DuplicateClass,
    basis: VersionCode,
    by: &Actor,
    at: At,
    limits: &Limits,
) -> Result<Joined, Refusal> {
    admit_role(&rows::F09, by, "merge")?;
    may_join(member, master, class, by)?;
    let mut events = Vec::new();
    match member.state {
        State::Received | State::PendingDispatch | State::PendingSign | State::Handling => {}
        State::ReturnReview => events.push(approve_duplicate(member, by, at, limits)?),
        state @ (State::NeedInfo
        | State::Rejected
        | State::TransferredOut
        | State::Answered
        | State::MergedMember
        | State::InDispute
        | State::Suspended
        | State::Consolidating
        | State::CloseReview
        | State::PendingVerify
        | State::PendingCallback
        | State::Redo
        | State::SupervisedRedo
        | State::Closed
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream) => return Err(Refusal::WrongState { action: "merge", state }),
    }
    events.push(Fact::MergedInto { master: master.id, class, basis }.into());

    let joined = Fact::MemberJoined {
        member: member.id,
        brought: member.members(),
        urgency: member.urgency,
        urges: member.urges,
    };
    let mut leads = vec![joined.with(shortest_limit(member, master, at, limits))];
    let before = master.members();
    let after = before.saturating_add(1).saturating_add(member.members());
    // G8: a group that grows past the alert is a mass matter; people look at it from then on.
    if before <= limits.group_alert && after > limits.group_alert && !master.flags.group_event {
        leads.push(mass_matter(master.flags).into());
    }
    Ok(Joined { member: with_cards(member, events, at, limits), master: with_cards(master, leads, at, limits) })
}

/// D§9.3, as far as two tickets tell.
fn may_join(member: &Ticket, master: &Ticket, class: DuplicateClass, by: &Actor) -> Result<(), Refusal> {
    let forbidden = |guard| Err(Refusal::MergeForbidden { guard });
    if member.id == master.id {
        return forbidden("a ticket cannot follow itself");
    }
    if member.master() == Some(master.id) {
        return Err(Refusal::AlreadySo { what: "the ticket follows this master" });
    }
    if member.master().is_some() || master.master().is_some() {
        return forbidden("G7: a member has no members and follows one master");
    }
    match class {
        DuplicateClass::D1 | DuplicateClass::D3 => {}
        DuplicateClass::D0
        | DuplicateClass::D2
        | DuplicateClass::D4
        | DuplicateClass::D5
        | DuplicateClass::D6
        | DuplicateClass::D7
        | DuplicateClass::D8 => {
            return forbidden("D§9.2: only D1 and D3 merge; other classes are linked, split or refused");
        }
    }
    if !member.parts.is_empty() || !master.parts.is_empty() {
        return forbidden("D§9.6: a split ticket waits for its parts");
    }
    if member.parent.is_some() && member.parent == master.parent {
        return forbidden("D§9.6: parts of one ticket are different matters");
    }
    if by.role == Role::System && member.several != master.several {
        return forbidden("D§9.6: one holds a demand that the other does not seem to hold");
    }
    let either = |holds: fn(&Ticket) -> bool| holds(member) || holds(master);
    if either(|t| t.flags.confidential || t.flags.against_official) {
        return forbidden("G2: confidential tickets and reports on officials never merge");
    }
    if either(|t| t.flags.in_proceedings) {
        return forbidden("G5: a matter before the courts or the petition office");
    }
    if by.role == Role::System {
        if either(|t| t.kind == Some(Kind::Report)) {
            return forbidden("G2: a report is merged by a person only");
        }
        if let (Some(a), Some(b)) = (open_lead(member), open_lead(master))
            && a.unit != b.unit
        {
            return forbidden("G1: two units lead; a person names one");
        }
    }
    match master.state {
        State::Received
        | State::NeedInfo
        | State::PendingDispatch
        | State::PendingSign
        | State::Handling
        | State::ReturnReview
        | State::InDispute
        | State::Suspended
        | State::Consolidating
        | State::Redo
        | State::SupervisedRedo => Ok(()),
        State::CloseReview
        | State::PendingVerify
        | State::PendingCallback
        | State::MergedMember
        | State::Rejected
        | State::TransferredOut
        | State::Answered
        | State::Closed
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream => forbidden("G3: the master's work is done or under review"),
    }
}

fn open_lead(ticket: &Ticket) -> Option<&Task> {
    ticket.lead().filter(|task| task.is_open())
}

/// G4 and M8: the master takes the shortest remaining limit and the highest urgency of its group.
fn shortest_limit(member: &Ticket, master: &Ticket, at: At, limits: &Limits) -> Vec<Due> {
    let urgency = master.urgency.max(member.urgency);
    let mut dues = tighten(master, urgency, master.kind, at, limits);
    let theirs = open_lead(member)
        .and_then(|task| task.handle_due)
        .or_else(|| limits.due(Timer::Handle, member.urgency, member.kind, at));
    if let Some(lead) = open_lead(master) {
        let set = dues.iter().rev().find(|due| due.timer == Timer::Handle && due.unit.as_ref() == Some(&lead.unit));
        let running = set.and_then(|due| due.at).or_else(|| lead.dues.get(&Timer::Handle).copied());
        if let (Some(running), Some(theirs)) = (running, theirs)
            && theirs < running
        {
            dues.push(Due { timer: Timer::Handle, unit: Some(lead.unit.clone()), at: Some(theirs), card: None });
        }
    }
    // What was promised to the member's citizen is kept by the master.
    if let Some(promised) = member.dues.get(&Timer::Promise)
        && master.dues.get(&Timer::Promise).is_none_or(|ours| promised < ours)
    {
        dues.push(Due { timer: Timer::Promise, unit: None, at: Some(*promised), card: None });
    }
    dues
}

fn mass_matter(flags: Flags) -> Fact {
    Fact::Amended {
        kind: None,
        urgency: None,
        matter: None,
        area: None,
        point: None,
        flags: Some(Flags { group_event: true, ..flags }),
        title: None,
    }
}

/// May a machine join these two by itself (D§9.2 D3, G1, G2, G6)? [`join`] checks what holds for everybody.
///
/// # Errors
/// The guard that asks for a person.
pub fn joins_automatically(
    member: &Ticket,
    master: &Ticket,
    class: DuplicateClass,
    facts: Facts,
) -> Result<(), Refusal> {
    let forbidden = |guard| Err(Refusal::MergeForbidden { guard });
    if member.kind == Some(Kind::Report) || master.kind == Some(Kind::Report) {
        return forbidden("G2: a report is merged by a person only");
    }
    if facts.personal_right {
        return forbidden("G6: each person's own right (D4)");
    }
    if !facts.same_lead {
        return forbidden("G1: another unit would lead");
    }
    if member.matter.is_none() || member.matter != master.matter {
        return forbidden("the matters differ, or one is unknown");
    }
    // The same person on the same matter needs no whitelist.
    if class != DuplicateClass::D1 && !facts.whitelisted {
        return forbidden("D§9.2: the matter is not whitelisted");
    }
    Ok(())
}

/// A merging master brings its members: each follows the new master from now on.
#[must_use]
pub fn repoint(sub: &Ticket, new_master: TicketId, class: DuplicateClass, basis: VersionCode) -> Vec<Event> {
    if sub.id == new_master || sub.master() == Some(new_master) {
        return Vec::new();
    }
    vec![Fact::MergedInto { master: new_master, class, basis }.into()]
}

/// F39 with F55: the member is as it was before, with the time it followed added to its unit's clocks (M6).
///
/// # Errors
/// When it does not follow this master, or the caller may not.
pub fn leave(member: &Ticket, master: &Ticket, by: &Actor, at: At, limits: &Limits) -> Result<Joined, Refusal> {
    admit(&rows::F39, member, by, "unmerge")?;
    if member.master() != Some(master.id) {
        return Err(Refusal::Unfit {
            action: "unmerge",
            field: "master",
            problem: "is not the one the ticket follows",
        });
    }
    let merged = member.paused_at.map(|since| at.since(since).max(Span::ZERO)).unwrap_or_default();
    let back = member.held.unwrap_or(State::PendingDispatch);
    let mut dues = restored(member, back, at, limits);
    // The promised date stands (R-TIM-3); one that was given away with the work is its unit's due again.
    let unit_due = member.tasks.iter().rev().find(|task| task.role == TaskRole::Lead && task.held.is_some());
    if !member.dues.contains_key(&Timer::Promise)
        && let Some(due) = unit_due.and_then(|task| task.handle_due)
    {
        dues.push(Due { timer: Timer::Promise, unit: None, at: Some(due), card: None });
    }
    let since = member.paused_at.unwrap_or(at);
    let came_back = member.tasks.iter().filter(|task| task.state == TaskState::Cancelled && task.held.is_some());
    dues.extend(came_back.flat_map(|task| put_off_task(member, task, limits, since, at)));
    Ok(Joined {
        member: with_cards(member, vec![Fact::Unmerged { master: master.id, merged }.with(dues)], at, limits),
        master: vec![Fact::MemberLeft { member: member.id }.into()],
    })
}

/// F59: `new`, a member of `old`, takes its place; nothing is dispatched again. With `withdrawn`, the old master's
/// citizen has withdrawn (the caller has heard their free will, F38) and the group goes on without it.
///
/// # Errors
/// When the two are no master and member, the caller may not, or the work is under review, where masters stay.
pub fn change_master(
    old: &Ticket,
    new: &Ticket,
    withdrawn: bool,
    by: &Actor,
    at: At,
    limits: &Limits,
) -> Result<Joined, Refusal> {
    const ACTION: &str = "change the master of";
    let unfit = |field, problem| Refusal::Unfit { action: ACTION, field, problem };
    admit(&rows::F59, old, by, ACTION)?;
    if new.master() != Some(old.id) || new.state != State::MergedMember || old.members() == 0 {
        return Err(unfit("member", "does not follow this master"));
    }
    if withdrawn {
        may_withdraw(old, true).map_err(|(field, problem)| unfit(field, problem))?;
    } else {
        if by.role == Role::System && !should_lead(new, old) {
            return Err(unfit("member", "was received later; a person decides"));
        }
        if !matches!(by.role, Role::MergeReviewer | Role::System) {
            return Err(Refusal::WrongRole { action: ACTION, role: by.role });
        }
        not_under_review(old)?;
    }
    let handover = hand_over(old, new, withdrawn, at, limits);
    Ok(Joined {
        member: vec![Fact::TookOver { from: old.id, handover: Box::new(handover) }.into()],
        master: vec![Fact::GaveOver { to: new.id, withdrawn }.into()],
    })
}

/// Reviews and pauses belong to the ticket that asked for them; masters change before or after.
fn not_under_review(old: &Ticket) -> Result<(), Refusal> {
    match old.state {
        State::Received
        | State::PendingDispatch
        | State::PendingSign
        | State::Handling
        | State::InDispute
        | State::Consolidating
        | State::Redo
        | State::SupervisedRedo => Ok(()),
        state @ (State::NeedInfo
        | State::ReturnReview
        | State::Suspended
        | State::CloseReview
        | State::PendingVerify
        | State::PendingCallback
        | State::MergedMember
        | State::Rejected
        | State::TransferredOut
        | State::Answered
        | State::Closed
        | State::Archived
        | State::Cancelled
        | State::ReturnedUpstream) => Err(Refusal::WrongState { action: "change the master of", state }),
    }
}

fn hand_over(old: &Ticket, new: &Ticket, withdrawn: bool, at: At, limits: &Limits) -> Handover {
    let mut tasks = old.tasks.clone();
    let clock = |(timer, at): (&Timer, &At)| {
        let card = old.cards.get(timer).copied();
        Due { timer: *timer, unit: None, at: Some(*at), card }
    };
    let mut dues: Vec<Due> = old.dues.iter().map(clock).collect();
    let (mut state, mut held) = (old.state, old.held);
    if old.state == State::ReturnReview {
        // The return was the old master's; the unit may ask again.
        state = old.held.unwrap_or(State::PendingSign);
        held = None;
        for task in tasks.iter_mut().filter(|task| task.state == TaskState::ReturnRequested) {
            task.state = task.held.take().unwrap_or(TaskState::PendingSign);
        }
    }
    if let Some(since) = old.paused_at {
        // The pause goes on; what it has cost so far is given back now (R-TIM-4).
        let stays = |timer| matches!(timer, Timer::Supplement | Timer::SuspendReview);
        for due in dues.iter_mut().filter(|due| !stays(due.timer)) {
            let measure = measure(old, None, due.timer, limits);
            let later = |due| limits.put_off(measure, due, since, at);
            (due.at, due.card) = (due.at.map(later), due.card.map(later));
        }
        for task in tasks.iter_mut().filter(|task| task.is_open()) {
            give_back(old, task, limits, since, at);
        }
    }
    if state == State::PendingCallback && !old.dues.contains_key(&Timer::CallbackEnd) {
        dues.push(Due { timer: Timer::CallbackEnd, unit: None, at: Some(at.plus(Span::days(7))), card: None });
    }
    if state == State::PendingDispatch && new.verdict.is_none() {
        dues.push(Due { timer: Timer::Judge, unit: None, at: Some(at), card: None });
    }
    Handover {
        state,
        held,
        tasks,
        dues,
        mode: old.mode,
        tier: old.tier,
        return_lock: old.return_lock,
        return_count: old.return_count,
        redo_round: old.redo_round,
        extension_count: old.extension_count,
        extended: old.extended,
        extension: old.extension.clone(),
        // The old master becomes a member where the new one was.
        members: old.members().saturating_sub(u32::from(withdrawn)),
        urges: old.urges.saturating_sub(new.urges),
        urgency: old.urgency,
        result: old.result.clone(),
    }
}

/// A task's clocks and what is remembered of them, put off by the time from `from` until `until`.
fn give_back(ticket: &Ticket, task: &mut Task, limits: &Limits, from: At, until: At) {
    let timer = if task.dues.contains_key(&Timer::Redo) { Timer::Redo } else { Timer::Handle };
    let work = measure(ticket, Some(task), timer, limits);
    task.handle_due = task.handle_due.map(|due| limits.put_off(work, due, from, until));
    let moved = put_off_task(ticket, task, limits, from, until);
    task.dues.extend(moved.into_iter().filter_map(|due| Some((due.timer, due.at?))));
    for (timer, card) in &mut task.cards {
        *card = limits.put_off(limits.measure(*timer, ticket.urgency, ticket.kind), *card, from, until);
    }
}

/// The parent's events, and each part with its own.
pub type Parted = (Vec<Event>, Vec<(Submission, Vec<Event>)>);

/// F10: the parent waits for its parts, and each part is a ticket of its own.
///
/// # Errors
/// When it may not be split, or the parts do not fit it.
pub fn split(parent: &Ticket, parts: Vec<Submission>, by: &Actor, at: At, limits: &Limits) -> Result<Parted, Refusal> {
    const ACTION: &str = "split";
    let unfit = |field, problem| Refusal::Unfit { action: ACTION, field, problem };
    admit(&rows::F10, parent, by, ACTION)?;
    if parent.parent.is_some() {
        return Err(unfit("ticket", "is itself a part"));
    }
    if parent.merge != Merge::Alone {
        return Err(unfit("ticket", "is in a merge group"));
    }
    if parts.len() < 2 {
        return Err(unfit("parts", "must be two or more"));
    }
    let mut opened = Vec::with_capacity(parts.len());
    for (place, part) in (1u16..).zip(parts) {
        if part.parent != Some(parent.id) || part.number != parent.number.part(place) {
            return Err(unfit("parts", "carry the parent's id and its number with -1, -2, …"));
        }
        if part.id == parent.id || opened.iter().any(|(other, _): &(Submission, Vec<Event>)| other.id == part.id) {
            return Err(unfit("parts", "need an id each"));
        }
        if part.accept.is_none() || part.texts.is_empty() {
            return Err(unfit("parts", "need words and a reading, for they wait for dispatch at once"));
        }
        let events = decide::open(&part, at, limits)?;
        opened.push((part, events));
    }
    let parts = opened.iter().map(|(part, _)| part.id).collect();
    Ok((vec![Fact::Split { parts }.into()], opened))
}

fn admit_role(row: &Transition, by: &Actor, action: &'static str) -> Result<(), Refusal> {
    if row.admits(by.role) { Ok(()) } else { Err(Refusal::WrongRole { action, role: by.role }) }
}

fn admit(row: &Transition, ticket: &Ticket, by: &Actor, action: &'static str) -> Result<(), Refusal> {
    admit_role(row, by, action)?;
    if row.starts_from(ticket.state) { Ok(()) } else { Err(Refusal::WrongState { action, state: ticket.state }) }
}
