//! Helps while the citizen is still on the line: what was typed so far, read by the same functions that read a demand.
//!
//! Pure from the request to the answer, and nothing of it is kept: the form shows what a submitted demand would say.

use suban_domain::{AreaCode, Channel, Kind, MatterCode, Point, Role, Urgency};
use suban_proto::{edge, v1};
use suban_runtime::{access::Caller, errors, errors::FieldErrors};
use suban_service::InForce;
use suban_store::texts::clean;
use suban_text::{
    Datum, Picked, Resolved, Source, ToRead, ToResolve, alerts, extract,
    missing::{Beside, missing},
    split, title,
};
use tonic::Status;

use crate::api::Api;

/// What has been said so far, as values.
struct Said {
    text: String,
    place_text: Option<String>,
    point: Option<Point>,
    channel: Option<Channel>,
    reachable: bool,
}

impl Api {
    /// What the words say so far.
    pub(crate) async fn help(&self, caller: &Caller, ask: &v1::ReadDraftRequest) -> Result<v1::Draft, Status> {
        let role = caller.actor.role;
        if !matches!(role, Role::Agent | Role::Dispatcher | Role::IntakeBot) {
            return Err(errors::denied("ROLE", format!("the role {role} writes no demands down")));
        }
        let said = said(ask, self.app.settings.limits.words_chars)?;
        let in_force = self.app.catalogues.now();
        let in_force = in_force.ok_or_else(|| {
            Status::failed_precondition("no catalogue is in force; publish one, then words can be read")
        })?;
        let mut draft = draft(&said, &in_force);
        if draft.matter.is_empty() && !said.text.is_empty() {
            self.ask_model(&said.text, &in_force, &mut draft).await;
        }
        Ok(draft)
    }

    /// Where nothing else decides, a language model may propose the first of the likeliest rows; a person takes it or
    /// leaves it.
    async fn ask_model(&self, words: &str, in_force: &InForce, draft: &mut v1::Draft) {
        let Some(model) = &self.language_model else { return };
        match model.matter(words, &in_force.catalogue).await {
            Ok(None) => {}
            Ok(Some(matter)) => {
                let name = in_force.catalogue.matter(&matter).map(|m| m.name.clone()).unwrap_or_default();
                draft.matters.retain(|row| row.matter != matter.as_str());
                draft.matters.insert(0, v1::DraftMatter { matter: matter.to_string(), name, score: 0 });
                draft.matters.truncate(3);
                draft.proposed_by = model.name().to_owned();
            }
            Err(why) => {
                metrics::counter!("suban_language_model_failed_total").increment(1);
                tracing::debug!(reason = %why, "the language model was of no help");
            }
        }
    }
}

/// Reads a request. An empty text is a form that nobody has typed into yet.
fn said(ask: &v1::ReadDraftRequest, longest: usize) -> Result<Said, Status> {
    let mut wrong = FieldErrors::new();
    let words = |wrong: &mut FieldErrors, field: &'static str, raw: &str| {
        if raw.trim().is_empty() {
            return None;
        }
        wrong.take(field, clean(field, raw, longest).map_err(|(_, problem)| problem))
    };
    let said = Said {
        text: words(&mut wrong, "text", &ask.text).unwrap_or_default(),
        place_text: words(&mut wrong, "place_text", &ask.place_text),
        point: wrong.take("point", edge::point(ask.point)).flatten(),
        channel: wrong.take("channel", edge::choice_given::<Channel>(ask.channel)).flatten(),
        reachable: ask.reachable,
    };
    wrong.check()?;
    Ok(said)
}

fn draft(said: &Said, in_force: &InForce) -> v1::Draft {
    let InForce { catalogue, reader, .. } = in_force;
    let reading = in_force.read(&ToRead {
        place_text: said.place_text.as_deref(),
        point: said.point,
        channel: said.channel,
        ..ToRead::words(&said.text)
    });
    let place = reader.gazetteer().resolve(&ToResolve {
        picked: said.point.map(|p| Picked { lat: p.lat, lon: p.lon, datum: Datum::Wgs84 }),
        typed: said.place_text.as_deref(),
        text: &said.text,
    });
    let found = extract(&said.text);
    // The field for the place counts where it names one to which somebody can be sent.
    let typed = said.place_text.as_deref().is_some_and(|place| extract(place).tells_where());
    let beside = Beside { contact: said.reachable, place: typed || said.point.is_some(), time: false };
    let matter_name = |code: &MatterCode| catalogue.matter(code).map(|m| m.name.clone()).unwrap_or_default();
    let area_name = |code: &AreaCode| catalogue.area(code).map(|a| a.name.clone()).unwrap_or_default();
    let part = |range: &std::ops::Range<usize>| said.text.get(range.clone()).unwrap_or_default().to_owned();
    v1::Draft {
        title: title(&said.text),
        kind: reading.kind.map_or(0, Kind::number),
        urgency: reading.urgency_hint.unwrap_or(Urgency::Normal).number(),
        matter: reading.matter.as_ref().map(ToString::to_string).unwrap_or_default(),
        matter_name: reading.matter.as_ref().map(matter_name).unwrap_or_default(),
        matter_because: reading.matter_because.iter().map(ToString::to_string).collect(),
        matters: reading
            .candidates
            .iter()
            .map(|c| v1::DraftMatter { matter: c.matter.to_string(), name: matter_name(&c.matter), score: c.score })
            .collect(),
        area: reading.area.as_ref().map(ToString::to_string).unwrap_or_default(),
        area_name: reading.area.as_ref().map(area_name).unwrap_or_default(),
        areas: areas(&place, area_name),
        conflicts: place
            .conflicts
            .iter()
            .map(|(one, other)| v1::DraftConflict { one: source(*one).into(), other: source(*other).into() })
            .collect(),
        mentions: found
            .mentions
            .iter()
            .map(|m| v1::DraftMention { kind: m.named.code().into(), text: part(&m.range) })
            .collect(),
        times: found
            .times
            .iter()
            .map(|t| v1::DraftTime { text: part(&t.range), night: t.night, repeats: t.repeats, since: t.since })
            .collect(),
        risks: risks(&said.text, &reading.urgency_because),
        missing: missing(&reading, &found, beside)
            .into_iter()
            .map(|m| v1::DraftMissing {
                element: m.code().into(),
                name_zh: m.zh().into(),
                ask_zh: m.ask_zh().into(),
                name_en: m.en().into(),
                ask_en: m.ask_en().into(),
            })
            .collect(),
        parts: split(reader, &said.text)
            .iter()
            .map(|p| v1::DraftPart {
                text: p.ranges.iter().map(part).collect(),
                matter: p.matter.to_string(),
                name: matter_name(&p.matter),
            })
            .collect(),
        version: reading.version.to_string(),
        proposed_by: String::new(),
    }
}

fn areas(place: &Resolved, name: impl Fn(&AreaCode) -> String) -> Vec<v1::DraftArea> {
    let one = |part: &suban_text::place::Part| v1::DraftArea {
        area: part.area.to_string(),
        name: name(&part.area),
        sources: part.sources.iter().map(|s| source(*s).into()).collect(),
        confidence: part.confidence,
    };
    place.parts.iter().map(one).collect()
}

/// Alerts by their words; a word that made it urgent and lights no alert of its own is plain danger.
fn risks(text: &str, urgent: &[std::sync::Arc<str>]) -> Vec<v1::DraftRisk> {
    let mut found: Vec<v1::DraftRisk> = alerts(text)
        .into_iter()
        .map(|(alert, word)| v1::DraftRisk { risk: alert.code().into(), word: word.to_string() })
        .collect();
    for word in urgent {
        if !found.iter().any(|risk| risk.word.contains(&**word) || word.contains(&*risk.word)) {
            found.push(v1::DraftRisk { risk: "danger".into(), word: word.to_string() });
        }
    }
    found
}

const fn source(source: Source) -> &'static str {
    match source {
        Source::Picked => "picked",
        Source::Typed => "typed",
        Source::Said => "said",
        Source::Implied => "implied",
    }
}
