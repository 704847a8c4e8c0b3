-- Clusters of like cases 类案 (D§9.2 D4): one subject or symptom, separate rights or places. Nothing is merged by them.
create table dedup.cluster (
  id      uuid        primary key,       -- the first ticket of it
  tickets integer     not null,
  last_at timestamptz not null           -- when the last one came
);
create index cluster_last on dedup.cluster (last_at desc, id);                                              -- what grows now

create table dedup.cluster_ticket (
  ticket_id  uuid        primary key,
  cluster_id uuid        not null references dedup.cluster (id),
  at         timestamptz not null
);
create index cluster_ticket_cluster on dedup.cluster_ticket (cluster_id, ticket_id);                        -- a cluster's tickets
