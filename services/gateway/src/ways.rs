//! REST for every other way in which a ticket is worked: joint work, teams, residents' help, more time, pauses, quarrels
//! and rulings, splits, supervision, the upper platform. Each call is one command of the dispatch service, under the same
//! rules.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use suban_domain::{ExtensionReason, Kind, SuspendReason, UpstreamDecision};
use suban_proto::v1;
use suban_runtime::errors;
use tonic::Status;

use crate::{
    Peers,
    rest::{Answer, Done},
    search::instant,
};

pub(crate) fn router() -> Router<Peers> {
    Router::new()
        .route("/api/v1/tickets/{number}/feedback", post(feedback))
        .route("/api/v1/tickets/{number}/team", post(team))
        .route("/api/v1/tickets/{number}/assist", post(assist))
        .route("/api/v1/tickets/{number}/extension", post(ask_extension))
        .route("/api/v1/tickets/{number}/extension/review", post(review_extension))
        .route("/api/v1/tickets/{number}/extension/decide", post(decide_extension))
        .route("/api/v1/tickets/{number}/suspend", post(suspend))
        .route("/api/v1/tickets/{number}/resume", post(resume))
        .route("/api/v1/tickets/{number}/recall", post(recall))
        .route("/api/v1/tickets/{number}/split", get(propose_split))
        .route("/api/v1/tickets/{number}/split", post(split))
        .route("/api/v1/tickets/{number}/dispute", post(escalate))
        .route("/api/v1/tickets/{number}/dispute/opinion", post(opinion))
        .route("/api/v1/tickets/{number}/dispute/interim", post(interim))
        .route("/api/v1/tickets/{number}/dispute/rule", post(rule))
        .route("/api/v1/tickets/{number}/return/unlock", post(unlock))
        .route("/api/v1/tickets/{number}/order", post(order))
        .route("/api/v1/tickets/{number}/order/release", post(release_order))
        .route("/api/v1/tickets/{number}/task", post(publish_task))
        .route("/api/v1/tickets/{number}/task/claim", post(claim_task))
        .route("/api/v1/tickets/{number}/task/evidence", post(give_evidence))
        .route("/api/v1/tickets/{number}/task/confirm", post(confirm_evidence))
        .route("/api/v1/tickets/{number}/verify", post(verify))
        .route("/api/v1/tickets/{number}/upstream/return", post(return_upstream))
        .route("/api/v1/tickets/{number}/upstream/decide", post(decide_upstream))
}

/// One command a line: its path's handler and body, and the call that it becomes.
macro_rules! commands {
    ($(
        $handler:ident($body:ident { $( $(#[$attr:meta])* $field:ident: $ty:ty ),* $(,)? })
            = $call:ident(|$said:ident| $request:ident { $($to:ident: $from:expr),* $(,)? });
    )+) => { $(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $body {
            request_id: String,
            $( $(#[$attr])* $field: $ty, )*
        }

        async fn $handler(
            State(peers): State<Peers>,
            headers: HeaderMap,
            Path(number): Path<String>,
            Json($said): Json<$body>,
        ) -> Answer<Done> {
            let ask = v1::$request { ticket: number, $($to: $from,)* request_id: $said.request_id };
            Ok(Json(peers.dispatch(&headers)?.$call(ask).await?.into_inner().into()))
        }
    )+ };
}

commands! {
    feedback(Feedback { text: String }) = interim_feedback(|said| InterimFeedbackRequest { text: said.text });
    team(Team { team: String }) = sub_dispatch(|said| SubDispatchRequest { team: said.team });
    assist(Assist { unit: String }) = add_unit(|said| AddUnitRequest { unit: said.unit });
    ask_extension(AskExtension {
        reason: String,
        hours: u32,
        #[serde(default)] note: String,
    }) = request_extension(|said| RequestExtensionRequest {
        reason: said.reason.parse::<ExtensionReason>().map_err(|e| errors::invalid("reason", e))?.number(),
        by: Some(prost_types::Duration { seconds: i64::from(said.hours) * 3600, nanos: 0 }),
        note: said.note,
    });
    review_extension(ReviewExtension { grant: bool })
        = review_extension(|said| ReviewExtensionRequest { grant: said.grant });
    decide_extension(DecideExtension { grant: bool })
        = decide_extension(|said| DecideExtensionRequest { grant: said.grant });
    suspend(Suspend { reason: String, review_at: String }) = suspend(|said| SuspendRequest {
        reason: said.reason.parse::<SuspendReason>().map_err(|e| errors::invalid("reason", e))?.number(),
        review_at: time("review_at", &said.review_at)?,
    });
    resume(Resume {}) = resume(|said| ResumeRequest {});
    recall(Recall { reason: String }) = recall(|said| RecallRequest { reason: said.reason });
    escalate(Escalate {}) = escalate(|said| EscalateRequest {});
    opinion(Opinion { opinion: String }) = file_opinion(|said| FileOpinionRequest { opinion: said.opinion });
    interim(Interim { unit: String }) = name_interim_lead(|said| NameInterimLeadRequest { unit: said.unit });
    rule(Rule {
        lead: String,
        #[serde(default)] assists: Vec<String>,
        #[serde(default)] rule: String,
        grounds: String,
    }) = rule(|said| RuleRequest { lead: said.lead, assists: said.assists, rule: said.rule, grounds: said.grounds });
    unlock(Unlock { reason: String }) = unlock_return(|said| UnlockReturnRequest { reason: said.reason });
    order(Order {
        level: u32,
        #[serde(default)] due: String,
        #[serde(default)] text: String,
    }) = supervise(|said| SuperviseRequest { level: said.level, due: time("due", &said.due)?, text: said.text });
    release_order(ReleaseOrder {}) = release_order(|said| ReleaseOrderRequest {});
    publish_task(PublishTask { places: u32, text: String })
        = publish_task(|said| PublishTaskRequest { places: said.places, text: said.text });
    claim_task(ClaimTask {}) = claim_task(|said| ClaimTaskRequest {});
    give_evidence(GiveEvidence { photo: Photo })
        = give_evidence(|said| GiveEvidenceRequest { photo: Some(said.photo.proof()?) });
    confirm_evidence(ConfirmEvidence { person: String })
        = confirm_evidence(|said| ConfirmEvidenceRequest { person: said.person });
    verify(Verify { ok: bool, photo: Photo })
        = verify_result(|said| VerifyResultRequest { ok: said.ok, photo: Some(said.photo.proof()?) });
    return_upstream(ReturnUpstream { reason: String })
        = return_upstream(|said| ReturnUpstreamRequest { reason: said.reason });
    decide_upstream(DecideUpstream { decision: String }) = decide_upstream(|said| DecideUpstreamRequest {
        decision: said.decision.parse::<UpstreamDecision>().map_err(|e| errors::invalid("decision", e))?.number(),
    });
}

/// A photograph that proves something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Photo {
    attachment_id: String,
    #[serde(default)]
    lat: Option<f64>,
    #[serde(default)]
    lon: Option<f64>,
    #[serde(default)]
    taken_at: String,
}

impl Photo {
    fn proof(self) -> Result<v1::PhotoProof, Status> {
        let point = match (self.lat, self.lon) {
            (Some(lat), Some(lon)) => Some(v1::Point { lat, lon }),
            (None, None) => None,
            _ => return Err(errors::invalid("photo", "has one of lat and lon; say both, or neither")),
        };
        let taken_at = time("photo.taken_at", &self.taken_at)?;
        Ok(v1::PhotoProof { attachment_id: self.attachment_id, point, taken_at })
    }
}

fn time(field: &str, text: &str) -> Result<Option<prost_types::Timestamp>, Status> {
    instant(text).map_err(|problem| errors::invalid(field, problem))
}

async fn propose_split(State(peers): State<Peers>, headers: HeaderMap, Path(number): Path<String>) -> Answer<Value> {
    let ask = v1::ProposeSplitRequest { ticket: number };
    let proposal = peers.dispatch(&headers)?.propose_split(ask).await?.into_inner();
    Ok(Json(proposed(&proposal)))
}

/// A proposal as JSON.
pub(crate) fn proposed(proposal: &v1::SplitProposal) -> Value {
    let part = |part: &v1::ProposedPart| {
        json!({
            "text": part.text,
            "matter": part.matter,
            "matter_name": part.matter_name,
            "area": part.area,
            "unit": part.unit,
            "unit_name": part.unit_name,
        })
    };
    json!({ "parts": proposal.parts.iter().map(part).collect::<Vec<_>>() })
}

/// One of several demands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    text: String,
    #[serde(default)]
    matter: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Split {
    request_id: String,
    parts: Vec<Part>,
}

async fn split(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Json(body): Json<Split>,
) -> Answer<Value> {
    let part = |part: Part| {
        let kind = match part.kind.as_str() {
            "" => None,
            code => Some(code.parse::<Kind>().map_err(|e| errors::invalid("parts.kind", e))?.number()),
        };
        Ok::<_, Status>(v1::SplitPart { text: part.text, matter: part.matter, area: part.area, kind })
    };
    let parts = body.parts.into_iter().map(part).collect::<Result<Vec<_>, _>>()?;
    let ask = v1::SplitRequest { request_id: body.request_id, ticket: number, parts };
    let reply = peers.dispatch(&headers)?.split(ask).await?.into_inner();
    Ok(Json(parted(reply)))
}

/// What a split led to, as JSON.
pub(crate) fn parted(reply: v1::SplitReply) -> Value {
    let parts: Vec<Done> = reply.parts.into_iter().map(Done::from).collect();
    json!({ "parent": Done::from(reply.parent.unwrap_or_default()), "parts": parts })
}
