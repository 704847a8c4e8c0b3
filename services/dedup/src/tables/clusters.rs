//! Clusters of like cases (D§9.2 D4): who is beside whom. Nothing is merged by them.

use std::collections::{HashMap, hash_map::Entry};

use sqlx::PgPool;
use suban_domain::{At, TicketId};
use suban_store::{StoreError, from_db, to_db};
use time::OffsetDateTime;
use uuid::Uuid;

/// A ticket, and the earlier ones that it is beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Which.
    pub ticket: TicketId,
    /// The earlier ones, the earliest first; at least one.
    pub earlier: Vec<TicketId>,
}

/// A cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster {
    /// Its first ticket, by which it is named.
    pub first: TicketId,
    /// How many tickets are in it.
    pub tickets: u32,
    /// When the last one came.
    pub last_at: At,
}

/// Puts tickets beside earlier ones: into the cluster of the earliest that is in one, else into one that the earliest
/// begins. A ticket is in one cluster and stays there; what is in it already changes nothing.
///
/// # Errors
/// When Postgres is away.
pub async fn put(pool: &PgPool, beside: &[Beside], at: At) -> Result<(), StoreError> {
    if beside.is_empty() {
        return Ok(());
    }
    let mut tx = pool.begin().await?;
    let named: Vec<Uuid> = beside.iter().flat_map(|b| b.earlier.iter().map(|t| t.uuid())).collect();
    // Served by the primary key.
    let rows: Vec<(Uuid, Uuid)> =
        sqlx::query_as("select ticket_id, cluster_id from dedup.cluster_ticket where ticket_id = any($1)")
            .bind(named)
            .fetch_all(&mut *tx)
            .await?;
    let mut cluster_of: HashMap<Uuid, Uuid> = rows.into_iter().collect();
    let (mut tickets, mut clusters) = (Vec::new(), Vec::new());
    for Beside { ticket, earlier } in beside {
        let known = earlier.iter().find_map(|earlier| cluster_of.get(&earlier.uuid()).copied());
        let Some(cluster) = known.or_else(|| earlier.first().map(|first| first.uuid())) else { continue };
        for member in earlier.iter().chain([ticket]).map(|t| t.uuid()) {
            if let Entry::Vacant(place) = cluster_of.entry(member) {
                place.insert(cluster);
                tickets.push(member);
                clusters.push(cluster);
            }
        }
    }
    // In one order for everybody, so that two instances never wait for one another.
    let mut each: Vec<Uuid> = clusters.clone();
    each.sort_unstable();
    each.dedup();
    sqlx::query(
        "insert into dedup.cluster (id, tickets, last_at)
         select id, 0, $2 from unnest($1::uuid[]) as k(id) on conflict do nothing",
    )
    .bind(&each)
    .bind(to_db(at))
    .execute(&mut *tx)
    .await?;
    sqlx::query("select 1 from dedup.cluster where id = any($1) order by id for update")
        .bind(&each)
        .execute(&mut *tx)
        .await?;
    let put: Vec<Uuid> = sqlx::query_scalar(
        "insert into dedup.cluster_ticket (ticket_id, cluster_id, at)
         select ticket_id, cluster_id, $3 from unnest($1::uuid[], $2::uuid[]) as k(ticket_id, cluster_id)
         on conflict do nothing returning cluster_id",
    )
    .bind(&tickets)
    .bind(&clusters)
    .bind(to_db(at))
    .fetch_all(&mut *tx)
    .await?;
    metrics::counter!("suban_clustered_total").increment(put.len() as u64);
    sqlx::query(
        "update dedup.cluster c set tickets = c.tickets + k.n, last_at = $2
           from (select id, count(*)::int as n from unnest($1::uuid[]) as k(id) group by id) k where c.id = k.id",
    )
    .bind(put)
    .bind(to_db(at))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Clusters of at least so many tickets, the one that grew last first, after one of them. Served by `cluster_last`.
///
/// # Errors
/// When Postgres is away.
pub async fn list(
    pool: &PgPool,
    least: u32,
    after: Option<(At, TicketId)>,
    limit: u32,
) -> Result<Vec<Cluster>, StoreError> {
    let (at, id) = after.map_or((None, Uuid::nil()), |(at, id)| (Some(to_db(at)), id.uuid()));
    let rows: Vec<(Uuid, i32, OffsetDateTime)> = sqlx::query_as(
        "select id, tickets, last_at from dedup.cluster
          where tickets >= $1 and ($2::timestamptz is null or last_at < $2 or (last_at = $2 and id > $3))
          order by last_at desc, id limit $4",
    )
    .bind(i32::try_from(least).unwrap_or(i32::MAX))
    .bind(at)
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let cluster = |(id, tickets, at): (Uuid, i32, OffsetDateTime)| Cluster {
        first: TicketId::new(id),
        tickets: u32::try_from(tickets).unwrap_or(0),
        last_at: from_db(at),
    };
    Ok(rows.into_iter().map(cluster).collect())
}

/// The cluster that a ticket is in. Served by the primary keys.
///
/// # Errors
/// When Postgres is away.
pub async fn of(pool: &PgPool, ticket: TicketId) -> Result<Option<TicketId>, StoreError> {
    let id: Option<Uuid> = sqlx::query_scalar("select cluster_id from dedup.cluster_ticket where ticket_id = $1")
        .bind(ticket.uuid())
        .fetch_optional(pool)
        .await?;
    Ok(id.map(TicketId::new))
}

/// Tickets of a cluster in the order of their ids, after one of them. Served by `cluster_ticket_cluster`.
///
/// # Errors
/// When Postgres is away.
pub async fn tickets(
    pool: &PgPool,
    cluster: TicketId,
    after: Option<TicketId>,
    limit: u32,
) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select ticket_id from dedup.cluster_ticket where cluster_id = $1 and ticket_id > $2 order by ticket_id limit $3",
    )
    .bind(cluster.uuid())
    .bind(after.map_or(Uuid::nil(), |t| t.uuid()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(TicketId::new).collect())
}
