//! A stage for one ticket: commands go through `decide` and `apply`, as in production, and the log is kept.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses a part of the stage")]

pub(crate) mod any;
pub(crate) mod cast;

use suban_domain::{
    Action, Actor, At, Channel, Command, ContactOutcome, Demand, Event, FileId, Finding, Kind, Limits, Mode, Outcome,
    PersonCode, Reading, Recorded, Refusal, ReplyMeans, RequestId, ResultRecord, Role, SiteVisit, Source, SourceId,
    SourceSystem, Span, State, Submission, TextId, Ticket, TicketId, TicketNumber, Tier, UnitCode, Verdict,
    VersionCode, decide, due_actions, open,
};
use uuid::Uuid;

/// Monday, 2026-11-23, ten in the morning in Shanghai; the next holiday is the New Year.
pub(crate) const START: At = At::from_micros(1_795_399_200_000_000);

/// A moment as clocks in Shanghai show it, like `2026-11-23T10:00`.
pub(crate) fn local(text: &str) -> At {
    At::from(format!("{text}:00+08:00").parse::<jiff::Timestamp>().unwrap())
}

pub(crate) fn file(n: u128) -> FileId {
    FileId::new(Uuid::from_u128(n))
}

pub(crate) fn text(n: u128) -> TextId {
    TextId::new(Uuid::from_u128(n))
}

pub(crate) fn id(n: u128) -> TicketId {
    TicketId::new(Uuid::from_u128(n))
}

pub(crate) fn unit(name: &str) -> UnitCode {
    UnitCode::new(name).unwrap()
}

pub(crate) fn version(name: &str) -> VersionCode {
    VersionCode::new(name).unwrap()
}

pub(crate) fn person(name: &str) -> PersonCode {
    PersonCode::new(name).unwrap()
}

pub(crate) fn actor(role: Role, who: &str, of: Option<&str>) -> Actor {
    Actor { role, person: person(who), unit: of.map(unit), area: None }
}

pub(crate) fn system() -> Actor {
    actor(Role::System, "system", None)
}

pub(crate) fn limits() -> Limits {
    Limits::sz_district()
}

pub(crate) fn reading() -> Reading {
    Reading { kind: Some(Kind::Complaint), matter: None, area: None, version: version("reader:1"), several: Vec::new() }
}

pub(crate) fn submission(n: u128) -> Submission {
    let source = Source {
        channel: Channel::Phone12345,
        system: SourceSystem::new("hotline").unwrap(),
        id: SourceId::new(format!("s{n}")).unwrap(),
    };
    let number = TicketNumber::new(26, 11, 24, u64::try_from(n).unwrap());
    Submission { texts: vec![text(1)], accept: Some(reading()), ..Submission::new(id(n), number, source, START) }
}

pub(crate) fn result() -> ResultRecord {
    ResultRecord {
        finding: Finding::True,
        finding_because: None,
        demand: Demand::Lawful,
        outcome: Outcome::Solved,
        site_visit: SiteVisit::Yes,
        reply_means: ReplyMeans::Phone,
        reply: text(9),
        internal: None,
        public: false,
        files: vec![file(8)],
    }
}

pub(crate) fn dispatch(lead: &str, assists: &[&str]) -> Action {
    Action::Dispatch {
        lead: unit(lead),
        assists: assists.iter().map(|u| unit(u)).collect(),
        mode: if assists.is_empty() { Mode::General } else { Mode::Joint },
        tier: Tier::Manual,
        catalogue: version("demo:1"),
        rule: None,
        limit: None,
        lead_allowed: true,
    }
}

/// One ticket on its way.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    pub(crate) ticket: Ticket,
    pub(crate) log: Vec<Recorded>,
    pub(crate) at: At,
    pub(crate) limits: Limits,
}

impl Play {
    /// A complaint by telephone, accepted on arrival.
    pub(crate) fn new() -> Self {
        Self::of(submission(1))
    }

    pub(crate) fn of(submission: Submission) -> Self {
        let at = submission.received_at.max(START);
        Self::opened(submission, at, limits())
    }

    pub(crate) fn opened(submission: Submission, at: At, limits: Limits) -> Self {
        let events = open(&submission, at, &limits).unwrap();
        let mut log = Vec::new();
        let mut ticket: Option<Ticket> = None;
        for event in events {
            let recorded = record(submission.id, log.len(), at, &system(), event);
            ticket = Some(match ticket {
                None => Ticket::begin(&recorded).unwrap(),
                Some(ticket) => ticket.apply(&recorded).unwrap(),
            });
            log.push(recorded);
        }
        Self { ticket: ticket.unwrap(), log, at, limits }
    }

    /// What would follow; nothing changes.
    pub(crate) fn asks(&self, by: &Actor, action: Action) -> Result<Vec<Event>, Refusal> {
        let request = RequestId::new("r").unwrap();
        decide(&self.ticket, &Command { by: by.clone(), at: self.at, request, action }, &self.limits)
    }

    pub(crate) fn takes(&mut self, by: &Actor, events: Vec<Event>) {
        for event in events {
            let recorded = record(self.ticket.id, self.log.len(), self.at, by, event);
            self.ticket = self.ticket.clone().apply(&recorded).unwrap();
            self.log.push(recorded);
        }
    }

    pub(crate) fn tries(&mut self, by: &Actor, action: Action) -> Result<State, Refusal> {
        let events = self.asks(by, action)?;
        self.takes(by, events);
        Ok(self.ticket.state)
    }

    /// Must be possible.
    #[track_caller]
    pub(crate) fn does(&mut self, by: &Actor, action: Action) -> &mut Self {
        let verb = action.verb();
        if let Err(refusal) = self.tries(by, action) {
            panic!("{verb}: {refusal}");
        }
        self
    }

    /// Must be refused.
    #[track_caller]
    pub(crate) fn refuses(&self, by: &Actor, action: Action) -> Refusal {
        let verb = action.verb();
        match self.asks(by, action) {
            Err(refusal) => refusal,
            Ok(events) => panic!("{verb} was not refused: {events:?}"),
        }
    }

    pub(crate) fn later(&mut self, span: Span) -> &mut Self {
        self.at = self.at.plus(span);
        self
    }

    #[track_caller]
    pub(crate) fn is(&mut self, state: State) -> &mut Self {
        assert_eq!(self.ticket.state, state);
        self
    }

    // Steps of an ordinary day.

    pub(crate) fn judged(&mut self) -> &mut Self {
        let judge = Action::Judge { verdict: Verdict::Unique, candidates: vec![], basis: version("rule:1") };
        self.does(&system(), judge)
    }

    pub(crate) fn dispatched(&mut self, lead: &str, assists: &[&str]) -> &mut Self {
        if self.ticket.verdict.is_none() {
            self.judged();
        }
        self.does(&actor(Role::Dispatcher, "di", None), dispatch(lead, assists))
    }

    pub(crate) fn signed(&mut self, by: &str) -> &mut Self {
        self.does(&actor(Role::UnitSigner, "si", Some(by)), Action::Sign)
    }

    pub(crate) fn contacted(&mut self, by: &str) -> &mut Self {
        self.does(&handler(by), Action::Contact { outcome: ContactOutcome::Reached })
    }

    pub(crate) fn submitted(&mut self, by: &str) -> &mut Self {
        self.does(&handler(by), Action::SubmitResult { result: result() })
    }

    pub(crate) fn accepted(&mut self) -> &mut Self {
        self.does(&actor(Role::Dispatcher, "di", None), Action::AcceptResult)
    }

    /// Signed, contacted, handed in, accepted.
    pub(crate) fn handled(&mut self, by: &str) -> &mut Self {
        self.signed(by).contacted(by).submitted(by).accepted()
    }

    /// Lets the timer do everything that is due until `end`; says how often it fired.
    #[track_caller]
    pub(crate) fn timer_runs_until(&mut self, end: At) -> usize {
        let mut fired = 0;
        while let Some(due) = self.ticket.next_due().filter(|due| *due <= end) {
            self.at = self.at.max(due);
            let actions = due_actions(&self.ticket, self.at, &self.limits);
            assert!(!actions.is_empty(), "due at {due} and nothing to do: {:?}", self.ticket);
            for action in actions {
                self.does(&system(), action);
                fired += 1;
            }
            assert!(fired < 200, "the timer does not come to rest: {:?}", self.ticket);
        }
        self.at = self.at.max(end);
        fired
    }
}

pub(crate) fn handler(of: &str) -> Actor {
    actor(Role::UnitHandler, "ha", Some(of))
}

fn record(ticket: TicketId, before: usize, at: At, by: &Actor, event: Event) -> Recorded {
    let version = u32::try_from(before + 1).unwrap();
    Recorded { ticket, version, at, by: by.clone(), request: RequestId::new("r").unwrap(), event }
}
