-- The shared core: tickets, their log, words, keys and the way out to Kafka (design §6).
-- Forward only. Each index says which question it answers.

create schema core;

-- One row a ticket: the fold of its log. The few columns beside the body never carry an index that
-- changes, so that updates stay on the page (HOT); the free space of the page is for them.
create table core.ticket (
  id          uuid        primary key,
  number      text        not null,
  version     integer     not null,
  state       smallint    not null,
  received_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(), -- the database's time; operations only
  bulk        boolean     not null default false,             -- put there in bulk, never on the topic
  body        json        not null
) with (fillfactor = 60);

create unique index ticket_number on core.ticket (number);                                                  -- what people read out

-- Every event, once. UUIDv7 begins with the time, so a range of ids is a range of creation times and
-- one ticket's history is one partition.
create table core.ticket_log (
  ticket_id   uuid        not null,
  version     integer     not null,
  type        text        not null,
  at          timestamptz not null,
  role        smallint    not null,
  person      text        not null,
  unit        text,
  request     text        not null,
  recorded_at timestamptz not null default clock_timestamp(),
  body        bytea       not null,
  primary key (ticket_id, version)
) partition by range (ticket_id);

create table core.ticket_log_other partition of core.ticket_log default;

do $$
declare
  y integer;
  bound text[] := array[]::text[];
begin
  for y in 2005..2041 loop
    bound := bound || (lpad(to_hex((extract(epoch from make_timestamptz(y, 1, 1, 0, 0, 0, 'UTC')) * 1000)::bigint), 12, '0')
      || repeat('0', 20));
  end loop;
  for i in 1..array_length(bound, 1) - 1 loop
    execute format('create table core.ticket_log_%s partition of core.ticket_log for values from (%L) to (%L)',
      2004 + i, bound[i]::uuid, bound[i + 1]::uuid);
  end loop;
end
$$;

-- A narrow row for each ticket that is not terminal: queues, inboxes and the one next timer read here.
create table core.ticket_open (
  ticket_id   uuid        primary key,
  state       smallint    not null,
  urgency     smallint    not null,
  unit        text,        -- the unit that leads now
  area        text,
  matter      text,
  received_at timestamptz not null,
  next_due    timestamptz
) with (fillfactor = 80);

create index ticket_open_unit on core.ticket_open (unit, state, ticket_id) where unit is not null;          -- a unit's inbox
create index ticket_open_state on core.ticket_open (state, urgency desc, received_at, ticket_id);            -- queues and the live page
create index ticket_open_due on core.ticket_open (next_due) where next_due is not null;                      -- timers

-- Assisting units have inboxes too; few tickets have any.
create table core.ticket_assist (
  unit      text not null,
  ticket_id uuid not null,
  primary key (unit, ticket_id)
);
create index ticket_assist_ticket on core.ticket_assist (ticket_id);                                        -- what a change replaces

-- Keys that point to tickets; insert-only.
create table core.ticket_source (
  channel   smallint not null,
  system    text     not null,
  source_id text     not null,
  ticket_id uuid     not null,
  content   bytea    not null,      -- SHA-256 of what was said, to tell a repeat from a change
  primary key (channel, system, source_id)
);
create table core.ticket_phone (phone bytea not null, ticket_id uuid not null, primary key (phone, ticket_id));
-- Identical normalised words: who said the same, where, and whether it was the same person.
create table core.ticket_words (
  words     bytea not null,
  ticket_id uuid  not null,
  area      text,
  phone     bytea,
  primary key (words, ticket_id)
);
create index ticket_words_ticket on core.ticket_words (ticket_id);                                          -- a ticket's own key; erasure

-- Sequence of a day; processes reserve blocks.
create table core.number_day (day date primary key, next bigint not null);

-- Personal data, under a key of its own that the master key wraps. No key, no person.
create table core.requester (
  id         uuid        primary key,
  key_id     text        not null,   -- which master key wraps
  wrapped    bytea,                  -- null: erased
  sealed     bytea,                  -- name, phone, identity card, home address
  created_at timestamptz not null
);
create index requester_key on core.requester (key_id, id);                                                  -- key rotation

-- Words. The masked form in clear, the original under the requester's key.
create table core.text (
  id           uuid        primary key,
  ticket_id    uuid        not null,
  requester_id uuid,
  kind         smallint    not null,
  masked       text,                 -- null: erased
  sealed       bytea,                -- null: nothing was masked, or erased
  created_at   timestamptz not null
);
create index text_ticket on core.text (ticket_id, id);                                                      -- a ticket's file, erasure

-- Contact records: every call or message (D§5.5).
create table core.contact (
  id           uuid        primary key,
  channel      smallint    not null,
  at           timestamptz not null,
  agent        text,
  requester_id uuid,
  phone        bytea,
  outcome      smallint    not null,
  text_id      uuid,
  request      text        not null unique
);
create index contact_phone on core.contact (phone, at desc) where phone is not null;                        -- repeat callers
create table core.contact_ticket (
  contact_id uuid not null,
  ticket_id  uuid not null,
  primary key (contact_id, ticket_id)
);
create index contact_ticket_ticket on core.contact_ticket (ticket_id);                                      -- a ticket's contacts

-- Merge groups: who follows whom (D§9.5). One row a member, for ever; `left_at` ends it.
create table core.merge_member (
  member_id uuid        primary key,
  master_id uuid        not null,
  class     smallint    not null,
  joined_at timestamptz not null,
  answered  boolean     not null default false
);
create index merge_member_master on core.merge_member (master_id, member_id);                               -- fan-out, group view
-- Pairs that a person took apart; they are never put together again by a machine.
create table core.merge_rejected (
  a          uuid        not null,
  b          uuid        not null,
  by_person  text        not null,
  at         timestamptz not null,
  primary key (a, b),
  check (a < b)
);

-- The way out. Rows go when Kafka has acknowledged them. A ticket's events keep to one shard (1 and up), so
-- that they keep their order; shard 0 holds only hints that a pressing ticket waits (design §3).
create table core.outbox (
  id        bigint generated always as identity,
  shard     smallint    not null,
  ticket_id uuid        not null,
  version   integer     not null,
  type      text        not null,
  at        timestamptz not null,
  role      smallint    not null,
  person    text        not null,
  unit      text,
  request   text        not null,
  trace     text,
  body      bytea       not null,
  primary key (shard, id)
);

-- Who may call: the SHA-256 of 256 random bits.
create table core.token (
  sha256     bytea       primary key,
  id         uuid        not null unique,
  role       smallint    not null,
  person     text        not null,
  unit       text,
  area       text,
  outsourced boolean     not null default false,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);

-- Views of personal data and other acts of administration; appended, never changed.
create table core.audit (
  id        bigint generated always as identity primary key,
  at        timestamptz not null,
  person    text        not null,
  role      smallint    not null,
  act       text        not null,
  ticket_id uuid,
  reason    text
);
create index audit_ticket on core.audit (ticket_id, id) where ticket_id is not null;                        -- who saw it

-- Erased requesters, applied again after any restore.
create table core.erased (
  requester_id uuid        primary key,
  at           timestamptz not null,
  by_person    text        not null,
  reason       text        not null
);

-- The demo's city clock: alike in all processes, and never back. At most one row.
create table core.city_clock (
  only_one    boolean     primary key default true check (only_one),
  origin_real timestamptz not null,
  origin_city timestamptz not null,
  rate        double precision not null check (rate > 0)
);

-- Versions of what people argue about: catalogues, limits. `effective_at` rules which is in force.
create table core.version (
  kind         text        not null,
  version      text        not null,
  effective_at timestamptz not null,
  published_at timestamptz not null,
  published_by text        not null,
  reason       text        not null,
  body         jsonb       not null,
  primary key (kind, version)
);
create index version_in_force on core.version (kind, effective_at desc, published_at desc);                 -- which is in force
