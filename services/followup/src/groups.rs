//! A merge group as a whole (M5, F63): where enough of those who were answered together are unhappy, the master's work is
//! done again, and the new answer goes to them.

use std::collections::BTreeSet;

use suban_domain::{Action, Command, RequestId, State, Ticket, TicketId};
use suban_service::App;
use suban_store::{Change, StoreError};

/// Members read at a time.
const PAGE: u32 = 500;

/// What the members of a group said to the answer that they share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// Members with a valid answer.
    pub valid: u32,
    /// Those of them who are unhappy.
    pub unhappy: u32,
}

impl Said {
    /// Counts a member by what it said to the answer that its master gave last; one that has not said anything to it yet
    /// counts for nothing. Who was not content with an answer has been done again more often than the master.
    pub fn count(&mut self, member: &Ticket, master: &Ticket) {
        let unhappy = member.redo_round > master.redo_round;
        let content = member.answers.is_some_and(|answers| answers.is_valid() && !answers.is_unhappy());
        if member.copied_reply.is_some() && (unhappy || content) {
            self.valid += 1;
            self.unhappy += u32::from(unhappy);
        }
    }
}

/// Was this member answered with its group, and is it being done again by itself?
fn complains(ticket: &Ticket) -> bool {
    ticket.copied_reply.is_some() && matches!(ticket.state, State::Redo | State::SupervisedRedo)
}

/// Orders the redo of masters whose members are unhappy enough.
///
/// # Errors
/// When Postgres is away.
pub(crate) async fn follow(app: &App, tickets: impl Iterator<Item = &Ticket>) -> Result<(), StoreError> {
    let unhappy: Vec<TicketId> = tickets.filter(|ticket| complains(ticket)).map(|ticket| ticket.id).collect();
    if unhappy.is_empty() {
        return Ok(());
    }
    let masters: BTreeSet<TicketId> = app.store.masters_of(&unhappy).await?.into_iter().collect();
    for master in masters {
        let Some(ticket) = app.store.load(&[master]).await?.remove(&master) else { continue };
        let (mut said, mut after) = (Said::default(), None);
        loop {
            let page = app.store.members(master, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            app.store.load(&page).await?.values().for_each(|member| said.count(member, &ticket));
        }
        let request = RequestId::new(format!("group-redo:{master}:{}", ticket.redo_round))
            .map_err(|e| StoreError::Damaged { what: "request id", problem: e.to_string() })?;
        let Said { valid, unhappy } = said;
        let action = Action::GroupRedo { valid, unhappy };
        let command = Command { by: App::system(), at: app.clock().now(), request, action };
        match Change::decide(ticket, &command, &app.limits) {
            // Whoever is overtaken is asked again by the next answer.
            Ok(change) => drop(app.store.commit(vec![change]).await?),
            Err(StoreError::Refused(refusal)) => {
                tracing::debug!(reason = refusal.code(), "the group is not done again")
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}
