//! Who follows whom, and since when and why.

use std::collections::HashMap;

use sqlx::Row as _;
use suban_domain::{At, DuplicateClass, Fact, Recorded, Role, TicketId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, from_db, query::recorded};

/// How a ticket came to follow its master.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// As what kind of duplicate.
    pub class: DuplicateClass,
    /// Since when it is a member, whoever has led the group meanwhile.
    pub joined_at: At,
    /// The event that made it one; none where its log does not show it.
    pub event: Option<Recorded>,
}

impl Membership {
    /// The rule or model that said so, or the account of the person who did.
    #[must_use]
    pub fn basis(&self) -> &str {
        let Some(Recorded { by, event, .. }) = &self.event else { return "" };
        if let Fact::MergedInto { basis, .. } = &event.fact
            && by.role == Role::System
        {
            return basis.as_str();
        }
        by.person.as_str()
    }
}

impl Store {
    /// Members of a master after `after`, a page at a time. Served by `merge_member_master`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn members(
        &self,
        master: TicketId,
        after: Option<TicketId>,
        page: u32,
    ) -> Result<Vec<TicketId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "select member_id from core.merge_member
              where master_id = $1 and ($2::uuid is null or member_id > $2) order by member_id limit $3",
        )
        .bind(master.uuid())
        .bind(after.map(TicketId::uuid))
        .bind(i64::from(page))
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|(id,)| TicketId::new(id)).collect())
    }

    /// The masters that these tickets follow, or followed until they were answered. Served by the primary key of
    /// `merge_member`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn masters_of(&self, members: &[TicketId]) -> Result<Vec<TicketId>, StoreError> {
        let rows: Vec<(Uuid,)> =
            sqlx::query_as("select distinct master_id from core.merge_member where member_id = any($1::uuid[])")
                .bind(members.iter().map(|id| id.uuid()).collect::<Vec<_>>())
                .fetch_all(self.pool())
                .await?;
        Ok(rows.into_iter().map(|(id,)| TicketId::new(id)).collect())
    }

    /// How these tickets came to follow their masters; those that follow none are left out. Served by the primary keys
    /// of `merge_member` and `ticket_log`.
    ///
    /// # Errors
    /// When Postgres is away or an event is damaged.
    pub async fn memberships(&self, members: &[TicketId]) -> Result<HashMap<TicketId, Membership>, StoreError> {
        if members.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = sqlx::query(
            "select m.member_id, m.class, m.joined_at,
                    l.ticket_id, l.version, l.at, l.role, l.person, l.unit, l.request, l.body
               from core.merge_member m
               left join lateral (select * from core.ticket_log
                 where ticket_id = m.member_id and type = 'merged_into' and at >= m.joined_at
                 order by version limit 1) l on true
              where m.member_id = any($1)",
        )
        .bind(members.iter().map(|t| t.uuid()).collect::<Vec<_>>())
        .fetch_all(self.pool())
        .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let class: i16 = row.try_get("class")?;
            let class = DuplicateClass::from_number(i32::from(class)).ok_or_else(|| StoreError::Damaged {
                what: "merge member",
                problem: format!("class {class} is unknown"),
            })?;
            let known: Option<Uuid> = row.try_get("ticket_id")?;
            let event = known.map(|_| recorded(row)).transpose()?;
            let joined_at = from_db(row.try_get::<OffsetDateTime, _>("joined_at")?);
            found.insert(TicketId::new(row.try_get("member_id")?), Membership { class, joined_at, event });
        }
        Ok(found)
    }
}
