//! Changes of several tickets at once: joining, leaving, changing places, splitting (D§9.5, D§9.6).
//!
//! Rows are locked in the order of their ids. When the set that must be locked grew meanwhile, everything is
//! given up and begun again with the larger set, so that no two groups wait for each other in a circle. Which
//! merge comes first does not matter: the outcome is the same group (M10).

use std::collections::{BTreeSet, HashMap, HashSet};

use sqlx::PgConnection;
use suban_domain::{
    Action, Actor, At, Command, DuplicateClass, Limits, Refusal, RequestId, Role, State, Ticket, TicketId, VersionCode,
    groups,
};
use uuid::Uuid;

use crate::{Change, Store, StoreError, query::lock, row, to_db};

/// How often a group is locked anew when it grew meanwhile.
const ATTEMPTS: usize = 16;

/// A wish to put two tickets together.
#[derive(Debug, Clone)]
pub struct Join {
    /// One of the two; the store finds out which leads.
    pub a: TicketId,
    /// The other.
    pub b: TicketId,
    /// What kind of duplicate.
    pub class: DuplicateClass,
    /// The rule or model that says so.
    pub basis: VersionCode,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: At,
    /// Which request.
    pub request: RequestId,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Group {
    /// Who leads now.
    pub master: Ticket,
    /// Who was changed as a member.
    pub member: Ticket,
    /// It was so before.
    pub repeated: bool,
}

impl Store {
    /// Puts two tickets, and the groups behind them, together. The one whose work is less far joins as member, so
    /// that nothing is dispatched twice (F09, F55); where it was received earlier, it then takes the lead (F59).
    ///
    /// `allowed` sees the two tickets that meet, member first: the guards that need the catalogue or a setting.
    ///
    /// # Errors
    /// The guard that forbids it, `NotFound`, `Contended`, or that Postgres is away.
    pub async fn join(
        &self,
        join: &Join,
        limits: &Limits,
        allowed: impl Fn(&Ticket, &Ticket) -> Result<(), Refusal> + Send + Sync,
    ) -> Result<Group, StoreError> {
        let group = self.join_as_member(join, limits, allowed).await?;
        let follows = group.member.master() == Some(group.master.id);
        if !follows || !groups::should_lead(&group.member, &group.master) {
            return Ok(group);
        }
        // A repeat after a crash between the two steps comes through here as well.
        // The earliest received leads (F59).
        match self.change_master(group.member.id, false, &rule(join), join.at, &join.request, limits).await {
            Ok(changed) => Ok(Group { repeated: group.repeated, ..changed }),
            // Meanwhile its work went where masters no longer change; the group stands as it is.
            Err(StoreError::Refused(_)) => Ok(group),
            Err(other) => Err(other),
        }
    }

    async fn join_as_member(
        &self,
        join: &Join,
        limits: &Limits,
        allowed: impl Fn(&Ticket, &Ticket) -> Result<(), Refusal> + Send + Sync,
    ) -> Result<Group, StoreError> {
        if join.a == join.b {
            return Err(Refusal::MergeForbidden { guard: "a ticket cannot be merged with itself" }.into());
        }
        let mut wanted: BTreeSet<TicketId> = BTreeSet::from([join.a, join.b]);
        for _ in 0..ATTEMPTS {
            let mut tx = self.pool().begin().await?;
            let ids: Vec<TicketId> = wanted.iter().copied().collect();
            let locked = lock(&mut tx, &ids).await?;
            let (Some(a), Some(b)) = (head(&locked, join.a), head(&locked, join.b)) else {
                // A master is not locked yet, or a ticket does not exist.
                let more = masters_of(&locked, &[join.a, join.b])?;
                tx.rollback().await?;
                wanted.extend(more);
                continue;
            };
            if a.id == b.id {
                let member = if join.a == a.id { join.b } else { join.a };
                let member = locked.get(&member).unwrap_or(a).clone();
                return Ok(Group { master: a.clone(), member, repeated: true });
            }
            let (master, member) = if joins_behind(b, a) { (a, b) } else { (b, a) };
            let brought = members_of(&mut tx, member.id).await?;
            if !brought.iter().all(|id| locked.contains_key(id)) {
                tx.rollback().await?;
                wanted.extend(brought);
                wanted.extend([master.id, member.id]);
                continue;
            }
            match self.join_locked(&mut tx, &locked, master, member, &brought, join, limits, &allowed).await? {
                Some(group) => {
                    self.finish(tx).await?;
                    let by = if join.by.role == Role::System { "machine" } else { "person" };
                    metrics::counter!("suban_merges_total", "class" => join.class.code(), "by" => by).increment(1);
                    return Ok(group);
                }
                None => tx.rollback().await?,
            }
        }
        Err(StoreError::Contended)
    }

    #[expect(clippy::too_many_arguments, reason = "one transaction's parts, used once")]
    async fn join_locked(
        &self,
        tx: &mut PgConnection,
        locked: &HashMap<TicketId, Ticket>,
        master: &Ticket,
        member: &Ticket,
        brought: &[TicketId],
        join: &Join,
        limits: &Limits,
        allowed: &(impl Fn(&Ticket, &Ticket) -> Result<(), Refusal> + Send + Sync),
    ) -> Result<Option<Group>, StoreError> {
        // Where the one whose work is further cannot take members (it is under review), the other may.
        let (joins, leads) =
            match groups::join(member, master, join.class, join.basis.clone(), &join.by, join.at, limits) {
                Ok(joined) => {
                    allowed(member, master)?;
                    (joined, (member, master))
                }
                Err(refusal) => {
                    let swapped =
                        groups::join(master, member, join.class, join.basis.clone(), &join.by, join.at, limits)
                            .map_err(|_| refusal)?;
                    allowed(master, member)?;
                    (swapped, (master, member))
                }
            };
        let (member, master) = leads;
        let follows = |t: &Ticket| -> Vec<TicketId> { if t.id == member.id { brought.to_vec() } else { Vec::new() } };
        let mut leads = Change::of(master.clone(), joins.master, &join.by, join.at, &join.request)?;
        if join.class == DuplicateClass::D1 {
            leads = urged(leads, join, limits)?;
        }
        let mut changes = vec![Change::of(member.clone(), joins.member, &join.by, join.at, &join.request)?, leads];
        let carried = follows(member);
        for id in &carried {
            let Some(sub) = locked.get(id) else { return Ok(None) };
            let events = groups::repoint(sub, master.id, join.class, join.basis.clone());
            changes.push(Change::of(sub.clone(), events, &join.by, join.at, &join.request)?);
        }
        let done = self.commit_in(tx, changes).await?;
        if !done.overtaken.is_empty() {
            return Ok(None);
        }
        let mut all = carried;
        all.push(member.id);
        follow(tx, &all, master.id, join.class, join.at).await?;
        let mut after: HashMap<TicketId, Ticket> = done.changed.into_iter().map(|c| (c.id(), c.after)).collect();
        match (after.remove(&master.id), after.remove(&member.id)) {
            (Some(master), Some(member)) => Ok(Some(Group { master, member, repeated: false })),
            _ => Ok(None),
        }
    }

    /// Takes a member out of its group: it is as it was before (F39, M6). With `rejected`, the pair is kept apart
    /// from then on: no machine puts it together again.
    ///
    /// # Errors
    /// The refusal, `NotFound`, `Contended`, or that Postgres is away.
    pub async fn leave(
        &self,
        member: TicketId,
        rejected: bool,
        by: &Actor,
        at: At,
        request: &RequestId,
        limits: &Limits,
    ) -> Result<Group, StoreError> {
        for _ in 0..ATTEMPTS {
            let seen = self.load_one(member).await?;
            let Some(master) = seen.master() else {
                return Err(Refusal::WrongState { action: "unmerge", state: seen.state }.into());
            };
            let mut tx = self.pool().begin().await?;
            let locked = lock(&mut tx, &[member, master]).await?;
            let (Some(m), Some(head)) = (locked.get(&member), locked.get(&master)) else {
                return Err(StoreError::NotFound { what: "ticket" });
            };
            if m.master() != Some(master) {
                tx.rollback().await?;
                continue;
            }
            let left = groups::leave(m, head, by, at, limits)?;
            let changes = vec![
                Change::of(m.clone(), left.member, by, at, request)?,
                Change::of(head.clone(), left.master, by, at, request)?,
            ];
            let done = self.commit_in(&mut tx, changes).await?;
            if !done.overtaken.is_empty() {
                tx.rollback().await?;
                continue;
            }
            sqlx::query("delete from core.merge_member where member_id = $1")
                .bind(member.uuid())
                .execute(&mut *tx)
                .await?;
            if rejected {
                keep_apart(&mut tx, member, master, by, at).await?;
            }
            self.finish(tx).await?;
            let mut after: HashMap<TicketId, Ticket> = done.changed.into_iter().map(|c| (c.id(), c.after)).collect();
            if let (Some(master), Some(member)) = (after.remove(&master), after.remove(&member)) {
                return Ok(Group { master, member, repeated: false });
            }
        }
        Err(StoreError::Contended)
    }

    /// Lets a member take its master's place (F59). With `withdrawn` the old master is cancelled.
    ///
    /// # Errors
    /// The refusal, `NotFound`, `Contended`, or that Postgres is away.
    pub async fn change_master(
        &self,
        new: TicketId,
        withdrawn: bool,
        by: &Actor,
        at: At,
        request: &RequestId,
        limits: &Limits,
    ) -> Result<Group, StoreError> {
        for _ in 0..ATTEMPTS {
            let seen = self.load_one(new).await?;
            let Some(old) = seen.master() else {
                return Err(Refusal::WrongState { action: "make a master of", state: seen.state }.into());
            };
            let mut tx = self.pool().begin().await?;
            let others = members_of(&mut tx, old).await?;
            let mut ids: BTreeSet<TicketId> = others.iter().copied().collect();
            ids.extend([new, old]);
            let ids: Vec<TicketId> = ids.into_iter().collect();
            let locked = lock(&mut tx, &ids).await?;
            let (Some(next), Some(prev)) = (locked.get(&new), locked.get(&old)) else {
                return Err(StoreError::NotFound { what: "ticket" });
            };
            if next.master() != Some(old) || members_of(&mut tx, old).await?.len() != others.len() {
                tx.rollback().await?;
                continue;
            }
            let changed = groups::change_master(prev, next, withdrawn, by, at, limits)?;
            let mut changes = vec![
                Change::of(next.clone(), changed.member, by, at, request)?,
                Change::of(prev.clone(), changed.master, by, at, request)?,
            ];
            for id in others.iter().filter(|id| **id != new) {
                if let Some(sub) = locked.get(id) {
                    let class = DuplicateClass::D3;
                    let basis = basis_of_change();
                    changes.push(Change::of(sub.clone(), groups::repoint(sub, new, class, basis), by, at, request)?);
                }
            }
            let done = self.commit_in(&mut tx, changes).await?;
            if !done.overtaken.is_empty() {
                tx.rollback().await?;
                continue;
            }
            // Served by `merge_member_master`.
            sqlx::query("update core.merge_member set master_id = $2 where master_id = $1 and member_id <> $2")
                .bind(old.uuid())
                .bind(new.uuid())
                .execute(&mut *tx)
                .await?;
            sqlx::query("delete from core.merge_member where member_id = $1")
                .bind(new.uuid())
                .execute(&mut *tx)
                .await?;
            if !withdrawn {
                follow(&mut tx, &[old], new, DuplicateClass::D3, at).await?;
            }
            self.finish(tx).await?;
            let mut after: HashMap<TicketId, Ticket> = done.changed.into_iter().map(|c| (c.id(), c.after)).collect();
            if let (Some(master), Some(member)) = (after.remove(&new), after.remove(&old)) {
                return Ok(Group { master, member, repeated: false });
            }
        }
        Err(StoreError::Contended)
    }

    /// Keeps two tickets apart: a person has said that they are not the same. Once is enough.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn keep_apart(&self, a: TicketId, b: TicketId, by: &Actor, at: At) -> Result<(), StoreError> {
        let mut conn = self.pool().acquire().await?;
        keep_apart(&mut conn, a, b, by, at).await
    }

    /// Of these pairs, those that a person has said are not the same, each in both orders. Served by the primary key of
    /// `merge_rejected`.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn kept_apart(
        &self,
        pairs: &[(TicketId, TicketId)],
    ) -> Result<HashSet<(TicketId, TicketId)>, StoreError> {
        if pairs.is_empty() {
            return Ok(HashSet::new());
        }
        let (a, b): (Vec<Uuid>, Vec<Uuid>) =
            pairs.iter().map(|(a, b)| ordered(*a, *b)).map(|(a, b)| (a.uuid(), b.uuid())).unzip();
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "select a, b from unnest($1::uuid[], $2::uuid[]) as k(a, b) join core.merge_rejected r using (a, b)",
        )
        .bind(&a)
        .bind(&b)
        .fetch_all(self.pool())
        .await?;
        let pairs = rows.into_iter().map(|(a, b)| (TicketId::new(a), TicketId::new(b)));
        Ok(pairs.flat_map(|(a, b)| [(a, b), (b, a)]).collect())
    }
}

/// Not the caller but a rule says so, of what a join brings with it.
fn rule(join: &Join) -> Actor {
    Actor { role: Role::System, ..join.by.clone() }
}

/// The master's change with an urge behind it: the same person called again (D1). Sooner than the cool-down it is none;
/// the member itself shows that the person called.
fn urged(leads: Change, join: &Join, limits: &Limits) -> Result<Change, StoreError> {
    let command = Command { by: rule(join), at: join.at, request: join.request.clone(), action: Action::Urge };
    match Change::decide(leads.after.clone(), &command, limits) {
        Ok(urge) => Ok(leads.then(urge)),
        Err(StoreError::Refused(_)) => Ok(leads),
        Err(other) => Err(other),
    }
}

/// A pair in the order in which it is kept.
fn ordered(a: TicketId, b: TicketId) -> (TicketId, TicketId) {
    if a < b { (a, b) } else { (b, a) }
}

/// A person changed the master by hand; members follow under this name.
fn basis_of_change() -> VersionCode {
    #[expect(clippy::expect_used, reason = "a constant")]
    VersionCode::new("change-of-master").expect("a valid version")
}

/// Does `a` join behind `b`? Whose work is further leads for now; between equals, who was received first.
fn joins_behind(a: &Ticket, b: &Ticket) -> bool {
    let dispatched = |t: &Ticket| t.tasks.iter().any(suban_domain::Task::is_open);
    match (dispatched(a), dispatched(b)) {
        (false, true) => true,
        (true, false) => false,
        (true, true) | (false, false) => groups::should_lead(b, a),
    }
}

/// The ticket itself, or the locked master it follows.
fn head(locked: &HashMap<TicketId, Ticket>, id: TicketId) -> Option<&Ticket> {
    let ticket = locked.get(&id)?;
    match ticket.master() {
        Some(master) if ticket.state == State::MergedMember => locked.get(&master),
        _ => Some(ticket),
    }
}

fn masters_of(locked: &HashMap<TicketId, Ticket>, ids: &[TicketId]) -> Result<Vec<TicketId>, StoreError> {
    let mut masters = Vec::new();
    for id in ids {
        let ticket = locked.get(id).ok_or(StoreError::NotFound { what: "ticket" })?;
        masters.extend(ticket.master());
    }
    Ok(masters)
}

async fn members_of(conn: &mut PgConnection, master: TicketId) -> Result<Vec<TicketId>, StoreError> {
    // Served by `merge_member_master`.
    let rows: Vec<(Uuid,)> =
        sqlx::query_as("select member_id from core.merge_member where master_id = $1 order by member_id")
            .bind(master.uuid())
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(id,)| TicketId::new(id)).collect())
}

async fn follow(
    conn: &mut PgConnection,
    members: &[TicketId],
    master: TicketId,
    class: DuplicateClass,
    at: At,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = members.iter().map(|m| m.uuid()).collect();
    sqlx::query(
        "insert into core.merge_member (member_id, master_id, class, joined_at)
         select m, $2, $3, $4 from unnest($1::uuid[]) as m order by m
         on conflict (member_id) do update set master_id = excluded.master_id",
    )
    .bind(&ids)
    .bind(master.uuid())
    .bind(row::number(class.number()))
    .bind(to_db(at))
    .execute(conn)
    .await?;
    Ok(())
}

async fn keep_apart(conn: &mut PgConnection, a: TicketId, b: TicketId, by: &Actor, at: At) -> Result<(), StoreError> {
    let (a, b) = ordered(a, b);
    sqlx::query("insert into core.merge_rejected (a, b, by_person, at) values ($1, $2, $3, $4) on conflict do nothing")
        .bind(a.uuid())
        .bind(b.uuid())
        .bind(by.person.as_str())
        .bind(to_db(at))
        .execute(conn)
        .await?;
    Ok(())
}
