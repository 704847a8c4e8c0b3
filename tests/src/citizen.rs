//! Whoever has a demand: calls, writes, urges, and rates by the link.

use suban_domain::{Channel, TicketId};
use suban_proto::v1;

use crate::{Answer, City, http};

/// A ticket from outside: what the citizen was told.
#[derive(Debug, Clone)]
pub struct Case {
    /// The number to read out.
    pub number: String,
    /// The ticket.
    pub id: TicketId,
    /// The end of the citizen's link.
    pub link: String,
}

impl Case {
    /// Of a submission's reply.
    ///
    /// # Panics
    /// When the reply names no ticket.
    #[must_use]
    pub fn of(reply: &v1::SubmitReply) -> Self {
        Self { number: reply.number.clone(), id: reply.ticket_id.parse().unwrap(), link: reply.progress_token.clone() }
    }
}

/// Somebody who lives in the city.
pub struct Citizen<'a> {
    pub(crate) city: &'a City,
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: String,
    pub(crate) channel: Channel,
}

impl Citizen<'_> {
    /// The same person by another channel.
    #[must_use]
    pub fn by(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// What is sent in when this person says these words.
    #[must_use]
    pub fn demand(&self, words: &str) -> v1::SubmitRequest {
        let request = self.city.request();
        v1::SubmitRequest {
            source_id: format!("call-{request}"),
            request_id: request,
            channel: self.channel.number(),
            source_system: "hotline".into(),
            text: words.into(),
            requester: Some(v1::Requester {
                name: self.name.clone(),
                phone: self.phone.clone(),
                ..v1::Requester::default()
            }),
            ..v1::SubmitRequest::default()
        }
    }

    /// Reports a matter; an agent types it in.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn reports(&self, words: &str) -> Case {
        self.sends(self.demand(words)).await
    }

    /// Sends a demand as it is.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn sends(&self, demand: v1::SubmitRequest) -> Case {
        let reply = self.city.agent().await.intake().submit(demand).await.unwrap().into_inner();
        assert!(!reply.repeated, "{reply:?}");
        Case::of(&reply)
    }

    /// Opens the link.
    pub async fn looks(&self, case: &Case) -> Answer {
        http::get(self.city, &format!("/p/{}", case.link), None).await
    }

    /// Rates by the form behind the link: 1 is best for both.
    ///
    /// # Panics
    /// When the page does not take it.
    pub async fn rates(&self, case: &Case, solved: u8, satisfied: u8) {
        let form = format!("solved={solved}&satisfied={satisfied}&comment=");
        let kind = "application/x-www-form-urlencoded";
        let answer = http::post(self.city, &format!("/p/{}", case.link), None, kind, form.as_bytes()).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }
}
