//! Requests as intake would hand them to the store, made before the clock runs: read, masked, sealed, hashed.

use std::sync::Arc;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use suban_domain::{
    Action, Actor, Answers, At, Channel, Command, ContactOutcome, Demand, Finding, Hash, Kind, Outcome, PersonCode,
    Reading, ReplyMeans, RequestId, ResultRecord, Role, SiteVisit, Source, SourceId, SourceSystem, Submission,
    SurveyMeans, TextId, TicketNumber, Tier, Urgency, Verdict, VersionCode,
};
use suban_proto::v1;
use suban_service::InForce;
use suban_store::{
    NewTicket, Store,
    texts::{Person, PreparedText, TextKind},
};
use suban_text::{ToRead, catalogue::Lead, normalise, phone, words_hash};

use crate::city;

/// Makes what the store takes.
pub(crate) struct Maker {
    store: Store,
    in_force: Arc<InForce>,
    bot: Actor,
}

impl Maker {
    /// By the catalogue in force.
    pub(crate) fn new(store: &Store, in_force: Arc<InForce>) -> anyhow::Result<Self> {
        let bot = Actor { role: Role::IntakeBot, person: PersonCode::new("bench-bot")?, unit: None, area: None };
        Ok(Self { store: store.clone(), in_force, bot })
    }

    /// A new ticket, received now.
    pub(crate) fn ticket(&self, ask: &v1::SubmitRequest) -> anyhow::Result<NewTicket> {
        self.ticket_at(ask, self.store.clock().now())
    }

    /// A new ticket, received then.
    pub(crate) fn ticket_at(&self, ask: &v1::SubmitRequest, at: At) -> anyhow::Result<NewTicket> {
        let store = &self.store;
        let id = store.ids().ticket(at);
        let channel = Channel::from_number(ask.channel).context("an unknown channel")?;
        let kind = ask.kind.and_then(Kind::from_number);
        let said = self.in_force.reader.read(&ToRead {
            text: &format!("{}\n{}", ask.title, ask.text),
            place_text: Some(&ask.place_text),
            point: None,
            declared_kind: kind,
            declared_matter: None,
            declared_area: None,
            channel: Some(channel),
        });
        let reading = Reading {
            kind: said.kind,
            matter: said.matter,
            area: said.area,
            version: said.version,
            several: Vec::new(),
        };
        let given = ask.requester.clone().unwrap_or_default();
        let written = phone::normalise(&given.phone).map(|p| p.as_str().to_owned());
        let person = store.prepare_requester(
            at,
            &Person { name: Some(given.name), phone: written, id_card: None, home_address: None },
        )?;
        let texts =
            [(TextKind::CitizenWords, &ask.text), (TextKind::Title, &ask.title), (TextKind::Place, &ask.place_text)];
        let texts = texts.map(|(kind, words)| store.prepare_text(Some(person.owner()), at, id, kind, words));
        let texts: Vec<PreparedText> = texts.into_iter().collect::<Result<_, _>>()?;
        let area = reading.matter.as_ref().and(reading.area.clone());
        let content =
            [&ask.text, &ask.title, &ask.place_text].iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
        let phone = person.phone_hash;
        let urgency = ask.urgency.and_then(Urgency::from_number);
        let source =
            Source { channel, system: SourceSystem::new(&*ask.source_system)?, id: SourceId::new(&*ask.source_id)? };
        let submission = Submission {
            requester: Some(person.id),
            reachable: phone.is_some(),
            texts: texts.iter().filter(|t| t.kind == TextKind::CitizenWords).map(|t| t.id).collect(),
            kind,
            urgency: urgency.into_iter().chain(said.urgency_hint).max().unwrap_or(Urgency::Normal),
            accept: Some(reading),
            // The store gives the real number.
            ..Submission::new(id, TicketNumber::new(0, 1, 1, 0), source, at)
        };
        Ok(NewTicket {
            submission,
            person: Some(person),
            texts,
            content: Hash(content.finalize().into()),
            phone,
            words: words_hash(&normalise(&ask.text)).map(|words| (words, area)),
            by: self.bot.clone(),
            request: RequestId::new(&*ask.request_id)?,
            trace: None,
            bulk: false,
        })
    }

    /// The life of a ticket: to its unit, or to its end. None where no row of the catalogue names its lead.
    pub(crate) fn life(&self, new: &mut NewTicket, closed: bool) -> anyhow::Result<Option<Vec<Command>>> {
        let Some(reading) = &new.submission.accept else { return Ok(None) };
        let (Some(matter), Some(area)) = (&reading.matter, &reading.area) else { return Ok(None) };
        let Some(mut lead) = city::lead_by(&self.in_force.catalogue, Some(matter), Some(area)) else { return Ok(None) };
        if closed {
            // The lead did it alone: a life is that much shorter to write.
            lead.assists.clear();
        }
        let kind = reading.kind;
        let at = new.submission.received_at;
        let system = Actor { role: Role::System, person: PersonCode::new("suban")?, unit: None, area: None };
        let mut life =
            vec![command(&system, at, "judge", judged()?)?, command(&system, at, "dispatch", self.dispatched(&lead)?)?];
        if !closed {
            return Ok(Some(life));
        }
        let id = new.submission.id;
        let owner = new.person.as_ref().map(suban_store::texts::PreparedRequester::owner);
        let mut text = |kind, words: &str| -> anyhow::Result<TextId> {
            let text = self.store.prepare_text(owner, at, id, kind, words)?;
            let id = text.id;
            new.texts.push(text);
            Ok(id)
        };
        let reply = text(TextKind::Reply, "我单位已派员到现场修复,并检查了周边,现已处理完毕,感谢您的监督。")?;
        let internal = text(TextKind::Internal, "已联系诉求人,现场整改完成。")?;
        let finding = city::finding(kind, 0);
        let because = if city::positive(finding) {
            None
        } else {
            Some(text(TextKind::Reason, "经核实,情况如答复所述。")?)
        };
        let of_unit = |role: Role, name: &str| -> anyhow::Result<Actor> {
            let person = PersonCode::new(format!("{}-{name}", lead.unit))?;
            Ok(Actor { role, person, unit: Some(lead.unit.clone()), area: None })
        };
        let handler = of_unit(Role::UnitHandler, "handler")?;
        let citizen = Actor { role: Role::Citizen, person: PersonCode::new("link")?, unit: None, area: None };
        life.push(command(&of_unit(Role::UnitSigner, "signer")?, at, "sign", Action::Sign)?);
        life.push(command(&handler, at, "contact", Action::Contact { outcome: ContactOutcome::Reached })?);
        life.push(command(
            &handler,
            at,
            "result",
            Action::SubmitResult { result: result(finding, because, reply, internal) },
        )?);
        life.push(command(&system, at, "accept", Action::AcceptResult)?);
        life.push(command(&citizen, at, "rate", Action::Survey { answers: content(), means: SurveyMeans::Link })?);
        Ok(Some(life))
    }

    fn dispatched(&self, lead: &Lead) -> anyhow::Result<Action> {
        Ok(Action::Dispatch {
            lead: lead.unit.clone(),
            assists: lead.assists.clone(),
            mode: suban_domain::Mode::General,
            tier: Tier::Auto,
            catalogue: self.in_force.version.clone(),
            rule: Some(VersionCode::new(lead.rule_row.to_string())?),
            limit: None,
            lead_allowed: true,
        })
    }
}

/// New, for all that is known.
fn judged() -> anyhow::Result<Action> {
    Ok(Action::Judge {
        verdict: Verdict::Unique,
        candidates: Vec::new(),
        basis: VersionCode::new(suban_dedup::decide::BASIS)?,
    })
}

fn result(finding: Finding, because: Option<TextId>, reply: TextId, internal: TextId) -> ResultRecord {
    ResultRecord {
        finding,
        finding_because: because,
        demand: Demand::Lawful,
        outcome: Outcome::Solved,
        site_visit: SiteVisit::Yes,
        reply_means: ReplyMeans::Phone,
        reply,
        internal: Some(internal),
        public: true,
        files: Vec::new(),
    }
}

/// Contacted, solved, satisfied.
fn content() -> Answers {
    Answers {
        contacted: Some(true),
        solved: Some(1),
        satisfied: Some(2),
        attitude: Some(1),
        pressed_to_withdraw: false,
    }
}

fn command(by: &Actor, at: At, verb: &str, action: Action) -> anyhow::Result<Command> {
    Ok(Command { by: by.clone(), at, request: RequestId::new(format!("{verb}:bulk"))?, action })
}
