//! What the rules find in a reply, for whoever writes or reviews it.

use suban_proto::v1;
use suban_runtime::{
    access::{Caller, policy::Reading},
    errors,
};
use suban_service::{status, view};
use suban_store::Told;
use suban_text::reply::Finding;
use tonic::Status;

use crate::{api::Api, review};

/// Characters of a draft that are looked at.
const MOST: usize = 20_000;

impl Api {
    /// Looks at the result under review, or at a draft.
    pub(crate) async fn checked(
        &self,
        caller: &Caller,
        ask: &v1::CheckReplyRequest,
    ) -> Result<v1::CheckReplyReply, Status> {
        if ask.reply.chars().count() > MOST {
            return Err(errors::invalid("reply", format!("has more than {MOST} characters")));
        }
        let ticket = self.app.ticket("ticket", &ask.ticket).await?;
        if view::may_read(caller, &ticket)? != Reading::Full {
            return Err(errors::denied("WRONG_ROLE", "only who may read the ticket in full has its reply checked"));
        }
        let texts = self.app.store.texts_of(&[ticket.id]).await.map_err(|e| status(&e))?;
        let reply = if ask.reply.trim().is_empty() {
            let submitted = ticket.result.as_ref().map(|result| result.reply);
            let submitted = submitted.ok_or_else(|| {
                errors::refused("NO_RESULT", "no result was submitted; give a draft in `reply` to have it checked", [])
            })?;
            texts.iter().find(|text| text.id == submitted).and_then(|text| text.masked.clone()).unwrap_or_default()
        } else {
            ask.reply.clone()
        };
        let today = self.app.store.zone().to_datetime(self.app.clock().now().timestamp()).date();
        let found = review::findings(&ticket, &Told::of(&texts), &reply, today);
        Ok(v1::CheckReplyReply {
            needs_a_person: review::needs_a_person(&reply, &found),
            findings: found.into_iter().map(|finding| shown(finding, &reply)).collect(),
        })
    }
}

fn shown(finding: Finding, reply: &str) -> v1::ReplyFinding {
    let words = reply.get(finding.range).filter(|words| *words != reply).unwrap_or_default();
    v1::ReplyFinding {
        rule: finding.rule.code().into(),
        check: finding.rule.check().zh().into(),
        severity: finding.severity.code().into(),
        words: words.into(),
        zh: finding.zh,
        en: finding.en,
    }
}
