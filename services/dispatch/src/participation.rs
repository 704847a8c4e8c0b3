//! Residents, volunteers and grid workers take part (群众参与, F67, D§7), and grid workers look whether it was done
//! (F29): whoever proves something does it with a photograph of the ticket, its place and its time.

use suban_domain::{Action, At, FileId, Point, Span, Ticket};
use suban_proto::{edge, v1};
use suban_runtime::{
    access::Caller,
    errors::{self, FieldErrors},
    settings::Bounds,
};
use suban_service::status;
use suban_store::{
    attachments::{Attachment, FileFacts, FileState},
    texts::TextKind,
};
use tonic::Status;
use uuid::Uuid;

use crate::api::{Api, Done, asked, first, person_code, said};

/// A photograph that knows where it was taken may be this far from where somebody says it was.
const FAR_M: f64 = 500.0;
/// A photograph that knows when it was taken may be this far from when somebody says it was.
const LONG: Span = Span::hours(24);

impl Api {
    pub(crate) async fn task_published(&self, caller: &Caller, ask: &v1::PublishTaskRequest) -> Done {
        let places = u16::try_from(ask.places).map_err(|_| errors::invalid("places", "is more than 65535"))?;
        let words = vec![said("text", TextKind::Reply, &ask.text)];
        self.run(asked(caller, &ask.request_id, &ask.ticket, words), move |_, texts| Action::PublishTask {
            places,
            text: first(texts),
        })
        .await
    }

    pub(crate) async fn task_claimed(&self, caller: &Caller, ask: &v1::ClaimTaskRequest) -> Done {
        let person = caller.actor.person.clone();
        self.run(asked(caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::ClaimTask {
            person: person.clone(),
        })
        .await
    }

    pub(crate) async fn evidence_given(&self, caller: &Caller, ask: &v1::GiveEvidenceRequest) -> Done {
        let person = caller.actor.person.clone();
        let Proof { photo, point, taken_at } = self.proof(&ask.ticket, ask.photo.as_ref()).await?;
        self.run(asked(caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::GiveEvidence {
            person: person.clone(),
            photo,
            point,
            taken_at,
        })
        .await
    }

    pub(crate) async fn evidence_confirmed(&self, caller: &Caller, ask: &v1::ConfirmEvidenceRequest) -> Done {
        let person = person_code("person", &ask.person)?;
        self.run(asked(caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::ConfirmEvidence {
            person: person.clone(),
        })
        .await
    }

    pub(crate) async fn result_verified(&self, caller: &Caller, ask: &v1::VerifyResultRequest) -> Done {
        let ok = ask.ok;
        let Proof { photo, point, taken_at } = self.proof(&ask.ticket, ask.photo.as_ref()).await?;
        self.run(asked(caller, &ask.request_id, &ask.ticket, Vec::new()), move |_, _| Action::Verify {
            ok,
            photo,
            point,
            taken_at,
        })
        .await
    }

    async fn proof(&self, ticket: &str, given: Option<&v1::PhotoProof>) -> Result<Proof, Status> {
        let given = given.ok_or_else(|| errors::invalid("photo", "is missing"))?;
        let id = Uuid::parse_str(&given.attachment_id)
            .map_err(|_| errors::invalid("photo.attachment_id", "is no id of an attachment"))?;
        let ticket = self.app.ticket("ticket", ticket).await?;
        let file = self.app.store.attachment(id).await.map_err(|e| status(&e))?;
        let now = self.app.clock().now();
        proof(&ticket, &file, given, &self.app.settings.city.bounds, now).map_err(|wrong| wrong.status())
    }
}

/// A photograph with the place and time that it proves something of.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Proof {
    photo: FileId,
    point: Point,
    taken_at: At,
}

/// What the photograph itself knows counts; where it knows nothing, what is said of it.
fn proof(
    ticket: &Ticket,
    file: &Attachment,
    given: &v1::PhotoProof,
    bounds: &Bounds,
    now: At,
) -> Result<Proof, FieldErrors> {
    let mut wrong = FieldErrors::new();
    let is_there = matches!(file.state, FileState::Unscanned | FileState::Quarantined | FileState::Clean);
    let picture = file.facts.filter(|facts| facts.size.is_some() && is_there && file.ticket == ticket.id);
    if picture.is_none() {
        wrong.add("photo.attachment_id", "is no photograph of this ticket");
    }
    let said_point = wrong.take("photo.point", edge::point(given.point)).flatten();
    let said_at = wrong.take("photo.taken_at", edge::at_given(given.taken_at)).flatten();
    let (own_point, own_at) = picture.map_or((None, None), |FileFacts { point, taken_at, .. }| (point, taken_at));
    if let (Some(own), Some(said)) = (own_point, said_point)
        && own.metres(said) > FAR_M
    {
        wrong.add("photo.point", "is not where the photograph says it was taken");
    }
    if let (Some(own), Some(said)) = (own_at, said_at)
        && (own.since(said) > LONG || said.since(own) > LONG)
    {
        wrong.add("photo.taken_at", "is not when the photograph says it was taken");
    }
    let point = own_point.or(said_point);
    let taken_at = own_at.or(said_at);
    match point {
        None => wrong.add("photo.point", "is missing, and the photograph does not tell where it was taken"),
        Some(point) if !bounds.contains(point.lat, point.lon) => wrong.add("photo.point", "lies outside the city"),
        Some(_) => {}
    }
    match taken_at {
        None => wrong.add("photo.taken_at", "is missing, and the photograph does not tell when it was taken"),
        Some(at) if at > now => wrong.add("photo.taken_at", "lies in the future"),
        Some(_) => {}
    }
    match (point, taken_at, wrong.is_empty()) {
        (Some(point), Some(taken_at), true) => Ok(Proof { photo: FileId::new(file.id), point, taken_at }),
        _ => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use suban_attachments::Kind;

    use super::*;

    const NOW: At = At::from_micros(1_795_000_000_000_000);

    fn ticket() -> Ticket {
        crate::draft::as_if(None, None, NOW).unwrap()
    }

    fn photo(point: Option<Point>, taken_at: Option<At>) -> Attachment {
        let facts = FileFacts { kind: Kind::Jpeg, bytes: 9, size: Some((4, 3)), hash: None, point, taken_at };
        Attachment {
            id: Uuid::from_u128(7),
            ticket: ticket().id,
            requester: suban_domain::RequesterId::new(Uuid::nil()),
            object: "x".into(),
            by: suban_service::App::system(),
            at: NOW,
            state: FileState::Unscanned,
            facts: Some(facts),
            finding: None,
        }
    }

    fn given(lat: f64, lon: f64, at: At) -> v1::PhotoProof {
        let taken_at = Some(suban_service::view::timestamp(at));
        v1::PhotoProof { attachment_id: String::new(), point: Some(v1::Point { lat, lon }), taken_at }
    }

    /// What is wrong with it; nothing where it proves something.
    fn wrong(file: &Attachment, given: &v1::PhotoProof) -> String {
        let bounds = Bounds { south: 22.0, north: 23.0, west: 113.0, east: 115.0 };
        let proof = proof(&ticket(), file, given, &bounds, NOW);
        proof.map_or_else(|wrong| wrong.status().message().to_owned(), |_| String::new())
    }

    #[test]
    fn a_photograph_proves_what_it_knows_itself_and_else_what_is_said_of_it() {
        let (here, an_hour_ago) = (Point::new(22.5, 114.0).unwrap(), NOW.minus(Span::hours(1)));
        let silent = photo(None, None);
        assert_eq!(wrong(&silent, &given(22.5, 114.0, an_hour_ago)), "");
        assert_ne!(wrong(&silent, &v1::PhotoProof::default()), "", "place and time are missing");
        assert!(wrong(&silent, &given(31.2, 121.5, an_hour_ago)).contains("outside the city"));
        assert!(wrong(&silent, &given(22.5, 114.0, NOW.plus(Span::hours(1)))).contains("future"));
        let knows = photo(Some(here), Some(an_hour_ago));
        assert_eq!(wrong(&knows, &v1::PhotoProof::default()), "", "nothing more has to be said");
        assert_eq!(wrong(&knows, &given(22.501, 114.001, NOW)), "", "near enough");
        assert!(wrong(&knows, &given(22.6, 114.0, an_hour_ago)).contains("not where the photograph"));
        assert!(wrong(&knows, &given(22.5, 114.0, NOW.minus(Span::hours(48)))).contains("not when the photograph"));
    }

    #[test]
    fn what_is_no_photograph_of_the_ticket_proves_nothing() {
        let (here, an_hour_ago) = (Point::new(22.5, 114.0).unwrap(), NOW.minus(Span::hours(1)));
        let mut paper = photo(Some(here), Some(an_hour_ago));
        paper.facts = paper.facts.map(|facts| FileFacts { size: None, ..facts });
        let stranger = suban_domain::TicketId::new(Uuid::from_u128(9));
        let others = Attachment { ticket: stranger, ..photo(Some(here), Some(an_hour_ago)) };
        let infected = Attachment { state: FileState::Infected, ..photo(Some(here), Some(an_hour_ago)) };
        for file in [paper, others, infected] {
            assert!(wrong(&file, &given(22.5, 114.0, an_hour_ago)).contains("no photograph of this ticket"));
        }
    }
}
