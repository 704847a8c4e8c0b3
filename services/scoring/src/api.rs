//! The gRPC face: figures by unit, area and channel, their proof, and the live page's numbers.

use std::collections::BTreeMap;

use suban_domain::{AreaCode, At, Channel, Span};
use suban_proto::v1::{self, scoring_service_server::ScoringService};
use suban_runtime::{
    access::{caller, policy},
    errors,
};
use suban_service::{App, InForce, status, view};
use suban_text::catalogue::AreaLevel;
use tonic::{Request, Response, Status};

use crate::{
    live::Live,
    tables::{self, Group, Sums},
    verify,
};

/// Answers ScoringService.
#[derive(Clone)]
pub(crate) struct Api {
    app: App,
    live: Live,
}

impl Api {
    /// On the parts of this process.
    pub(crate) fn new(app: App) -> Self {
        Self { live: Live::start(&app), app }
    }
}

#[tonic::async_trait]
impl ScoringService for Api {
    async fn figures(&self, request: Request<v1::FiguresRequest>) -> Result<Response<v1::FiguresReply>, Status> {
        policy::may_watch(caller(&request)?)?;
        let ask = request.into_inner();
        let (from, to) = period(ask.from, ask.to)?;
        let group = match v1::GroupBy::try_from(ask.group_by) {
            Ok(v1::GroupBy::Unit) => Group::Unit,
            Ok(v1::GroupBy::Area) => Group::Area,
            Ok(v1::GroupBy::Channel) => Group::Channel,
            Ok(v1::GroupBy::Unspecified) | Err(_) => {
                return Err(errors::invalid("group_by", "must be unit, area or channel"));
            }
        };
        let in_force = self.app.catalogues.now();
        let sums = self.sums(from, to, group).await?;
        let rows = sums
            .iter()
            .filter(|s| ask.only.is_empty() || s.key == ask.only)
            .map(|s| row(s, name(in_force.as_deref(), group, &s.key)))
            .collect();
        let channels = if group == Group::Channel { sums } else { self.sums(from, to, Group::Channel).await? };
        Ok(Response::new(v1::FiguresReply {
            rows,
            total: Some(total(&channels)),
            as_of: Some(view::timestamp(self.app.clock().now())),
        }))
    }

    async fn verify(&self, request: Request<v1::VerifyRequest>) -> Result<Response<v1::VerifyReply>, Status> {
        policy::may_watch(caller(&request)?)?;
        let ask = request.into_inner();
        // Absent means everything there is.
        let now = view::timestamp(self.app.clock().now().plus(Span::seconds(1)));
        let beginning = prost_types::Timestamp::default();
        let (from, to) = period(ask.from.or(Some(beginning)), ask.to.or(Some(now)))?;
        let verified = verify::verify(&self.app, from, to, ask.sample).await.map_err(|e| status(&e))?;
        Ok(Response::new(v1::VerifyReply {
            checked: verified.checked,
            differing: verified.differing,
            examples: verified
                .examples
                .into_iter()
                .map(|d| v1::FactDifference {
                    number: d.ticket.to_string(),
                    unit: d.unit,
                    field: "body".into(),
                    kept: d.kept,
                    recomputed: d.recomputed,
                    version: d.version,
                })
                .collect(),
        }))
    }

    async fn live(&self, request: Request<v1::LiveRequest>) -> Result<Response<v1::LiveReply>, Status> {
        policy::may_watch(caller(&request)?)?;
        let ask = request.into_inner();
        let window = ask.window.map_or(Span::days(1), |w| Span::seconds(w.seconds));
        if window <= Span::ZERO || window > Span::days(400) {
            return Err(errors::invalid("window", "must be more than nothing and at most 400 days"));
        }
        Ok(Response::new(self.live.look(&self.app, window).await?))
    }
}

impl Api {
    async fn sums(&self, from: At, to: At, group: Group) -> Result<Vec<Sums>, Status> {
        sums(&self.app, from, to, group).await
    }
}

/// Sums by group, areas rolled up to the sub-districts that hold them.
pub(crate) async fn sums(app: &App, from: At, to: At, group: Group) -> Result<Vec<Sums>, Status> {
    let sums = tables::sums(app.store.pool(), from, to, group).await.map_err(db)?;
    if group != Group::Area {
        return Ok(sums);
    }
    let in_force = app.catalogues.now();
    let mut by_district: BTreeMap<String, Sums> = BTreeMap::new();
    for one in sums {
        let key = sub_district(in_force.as_deref(), &one.key);
        match by_district.get_mut(&key) {
            Some(sum) => sum.add(&one),
            None => {
                by_district.insert(key.clone(), Sums { key, ..one });
            }
        }
    }
    Ok(by_district.into_values().collect())
}

/// The sub-district that holds this place; the place itself where it is larger or unknown to the catalogue.
pub(crate) fn sub_district(in_force: Option<&InForce>, area: &str) -> String {
    let held = in_force.zip(area.parse::<AreaCode>().ok()).and_then(|(in_force, code)| {
        in_force.catalogue.area_path(&code).find(|a| a.level == AreaLevel::SubDistrict).map(|a| a.code.to_string())
    });
    held.unwrap_or_else(|| area.to_owned())
}

pub(crate) fn db(error: suban_store::StoreError) -> Status {
    status(&error)
}

fn period(from: Option<prost_types::Timestamp>, to: Option<prost_types::Timestamp>) -> Result<(At, At), Status> {
    let at = |field: &'static str, t: Option<prost_types::Timestamp>| {
        let t = t.ok_or_else(|| errors::invalid(field, "is missing"))?;
        t.seconds
            .checked_mul(1_000_000)
            .map(|micros| At::from_micros(micros + i64::from(t.nanos) / 1000))
            .filter(|_| (0..1_000_000_000).contains(&t.nanos))
            .ok_or_else(|| errors::invalid(field, "is no instant"))
    };
    let (from, to) = (at("from", from)?, at("to", to)?);
    if to <= from {
        return Err(errors::invalid("to", "must be later than from"));
    }
    Ok((from, to))
}

/// What a key is called, in Chinese and English.
pub(crate) fn name(in_force: Option<&InForce>, group: Group, key: &str) -> (String, String) {
    let both = |name: String| (name.clone(), name);
    match group {
        Group::Unit => key
            .parse()
            .ok()
            .and_then(|code| in_force.and_then(|f| f.catalogue.unit(&code)))
            .map_or_else(|| both(key.to_owned()), |unit| both(unit.name.clone())),
        Group::Area if key.is_empty() => ("地点未知".into(), "place unknown".into()),
        Group::Area => key
            .parse()
            .ok()
            .and_then(|code| in_force.and_then(|f| f.catalogue.area(&code)))
            .map_or_else(|| both(key.to_owned()), |area| both(area.name.clone())),
        Group::Channel => key
            .parse()
            .ok()
            .and_then(Channel::from_number)
            .map_or_else(|| both(key.to_owned()), |c| (c.zh().to_owned(), words(c.code()))),
    }
}

pub(crate) fn rate(sums: &Sums, count: &str, of: &str) -> v1::Rate {
    v1::Rate { count: sums.of(count) as f64, of: sums.of(of) as f64 }
}

/// Partial credit: satisfaction is kept in tenths.
pub(crate) fn satisfied(sums: &Sums) -> v1::Rate {
    v1::Rate { count: sums.of("satisfied_tenths") as f64 / 10.0, of: sums.of("rated") as f64 }
}

fn row(sums: &Sums, (name_zh, name_en): (String, String)) -> v1::FiguresRow {
    v1::FiguresRow {
        key: sums.key.clone(),
        name_zh,
        name_en,
        received: sums.of("received"),
        merged: sums.of("merged"),
        dispatched: sums.of("dispatched"),
        dispatched_auto: sums.of("dispatched_auto"),
        signed_in_time: Some(rate(sums, "signed_in_time", "should_sign")),
        contacted: Some(rate(sums, "contacted", "should_contact")),
        contacted_in_time: Some(rate(sums, "contacted_in_time", "should_contact")),
        handled_in_time: Some(rate(sums, "handled_in_time", "due")),
        overdue: sums.of("due").saturating_sub(sums.of("handled_in_time")),
        first_time_done: Some(rate(sums, "first_time_done", "completed")),
        returned: Some(rate(sums, "returned", "dispatched")),
        denied_returns: Some(rate(sums, "denied_returns", "returned")),
        misdispatched: sums.of("misdispatched"),
        redone: Some(rate(sums, "redone", "valid")),
        solved: Some(rate(sums, "solved", "valid")),
        satisfied: Some(satisfied(sums)),
        valid_surveys: sums.of("valid"),
        unreached: sums.of("unreached"),
        closed: sums.of("closed"),
        unfinished: sums.of("unfinished"),
        urges: sums.of("urges"),
    }
}

/// Everything together: every ticket has one channel, so nothing counts twice.
pub(crate) fn total(channels: &[Sums]) -> v1::FiguresRow {
    let mut sum = Sums { key: String::new(), counts: [0; tables::LEN] };
    channels.iter().for_each(|one| sum.add(one));
    row(&sum, ("合计".into(), "total".into()))
}

/// A code in plain words: `PENDING_SIGN` as `pending sign`.
pub(crate) fn words(code: &str) -> String {
    code.to_lowercase().replace('_', " ")
}
