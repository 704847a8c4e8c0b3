//! What a citizen said in a survey: of a ticket, or of each part of one that was split (F26a, F26b).

use std::collections::{BTreeMap, HashMap};

use suban_domain::{Action, Answers, Audience, State, SurveyMeans, Ticket};
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_service::{Asked, status};
use tonic::Status;

use crate::{api::Api, parts};

/// What somebody said in a survey: of the ticket, or of each of its parts.
#[derive(Debug, Default)]
pub(crate) struct Said {
    whole: Option<Answers>,
    parts: BTreeMap<String, Answers>,
}

impl Said {
    pub(crate) fn read(whole: Option<v1::Answers>, parts: &[v1::PartAnswers]) -> Result<Self, Status> {
        let mut said = Self { whole: whole.map(|said| answers(Some(said))).transpose()?, ..Self::default() };
        for part in parts {
            said.parts.insert(part.number.clone(), answers(part.answers)?);
        }
        if said.whole.is_none() && said.parts.is_empty() {
            return Err(errors::invalid("answers", "are missing"));
        }
        Ok(said)
    }

    /// Of this ticket or part: by its name, else what was said of all.
    pub(crate) fn about(&self, ticket: &Ticket) -> Result<Answers, Status> {
        let number = ticket.number.as_str();
        let of_it = self.parts.get(number).copied().or(self.whole);
        of_it.ok_or_else(|| errors::invalid("parts", format!("say nothing of {number}")))
    }
}

impl Api {
    /// One survey, an answer a part (F26a, F26b).
    pub(crate) async fn take_parts(
        &self,
        caller: &Caller,
        parent: &Ticket,
        request_id: &str,
        said: &Said,
        means: SurveyMeans,
        comment: &str,
    ) -> Result<v1::SurveyReply, Status> {
        let parts = self.app.store.parts_of(parent).await.map_err(|e| status(&e))?;
        if let Some(stranger) = said.parts.keys().find(|number| !parts.iter().any(|p| p.number.as_str() == *number)) {
            return Err(errors::invalid("parts", format!("{stranger} is no part of this ticket")));
        }
        let asked: Vec<&Ticket> = parts.iter().filter(|part| asks(part)).collect();
        let answers = asked.iter().map(|part| said.about(part)).collect::<Result<Vec<_>, _>>()?;
        let (mut valid, mut repeated) = (false, !asked.is_empty());
        for (part, answers) in asked.into_iter().zip(answers) {
            let asked = Asked { caller, request_id, ticket: part.number.as_str(), said: Vec::new() };
            let acted = self.app.act_on(part, asked, move |_, _| Action::Survey { answers, means }).await?;
            (valid, repeated) = (valid || answers.is_valid(), repeated && acted.repeated);
        }
        if !comment.trim().is_empty() && !repeated {
            self.note(caller, parent, request_id, comment, Audience::Unit).await;
        }
        // What the answers lead to is seen at once, and not when the events come round.
        parts::follow(&self.app, std::iter::once(parent), &HashMap::new()).await.map_err(|e| status(&e))?;
        let now = self.app.store.load_one(parent.id).await.map_err(|e| status(&e))?;
        let (number, state, version) = (now.number.to_string(), now.state.number(), now.version);
        Ok(v1::SurveyReply { number, state, valid, repeated, version })
    }
}

/// Is an answer about this part awaited: done, and not answered before?
pub(crate) const fn asks(part: &Ticket) -> bool {
    matches!(part.state, State::PendingCallback) && part.waiting.is_none()
}

fn answers(said: Option<v1::Answers>) -> Result<Answers, Status> {
    let said = said.ok_or_else(|| errors::invalid("answers", "are missing"))?;
    let key = |field: &'static str, n: Option<u32>| {
        n.map(|n| u8::try_from(n).map_err(|_| errors::invalid(field, "is no key of the script"))).transpose()
    };
    let answers = Answers {
        contacted: said.contacted,
        solved: key("answers.solved", said.solved)?,
        satisfied: key("answers.satisfied", said.satisfied)?,
        attitude: key("answers.attitude", said.attitude)?,
        pressed_to_withdraw: said.pressed_to_withdraw,
    };
    if answers.is_on_the_script() {
        Ok(answers)
    } else {
        Err(errors::invalid("answers", "are no keys of the script: solved 1 to 4, satisfied 1 to 5, attitude 1 to 3"))
    }
}
