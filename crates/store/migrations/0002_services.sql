-- What each service keeps for itself. Nothing here rules a ticket; all of it can be made again from the log,
-- but for claims and survey attempts, which are people's.

create schema dispatch;

-- Tickets that a person must dispatch, and who has them in hand.
create table dispatch.queue (
  ticket_id     uuid        primary key,
  urgency       smallint    not null,
  received_at   timestamptz not null,
  area          text,
  reason        text        not null,
  claimed_by    text,
  claimed_until timestamptz,
  claim_request text
);
create index queue_order on dispatch.queue (urgency desc, received_at, ticket_id);                          -- next to be taken
create index queue_holder on dispatch.queue (claimed_by) where claimed_by is not null;                      -- what a person holds

-- Why each ticket went where it went.
create table dispatch.decision (
  ticket_id uuid        not null,
  version   integer     not null,
  at        timestamptz not null,
  tier      smallint,
  body      jsonb       not null,
  primary key (ticket_id, version)
);

create schema followup;

-- One survey an accepted result: the cause is the ticket's version that asked for it.
create table followup.survey (
  ticket_id  uuid        not null,
  cause      integer     not null,
  state      smallint    not null,      -- 1 open, 2 answered, 3 exhausted
  opened_at  timestamptz not null,
  next_at    timestamptz not null,
  ends_at    timestamptz not null,
  attempts   smallint    not null default 0,
  human      boolean     not null default false,
  primary key (ticket_id, cause)
);
create index survey_due on followup.survey (next_at, ticket_id) where state = 1;                            -- whom to ask now
create table followup.attempt (
  ticket_id uuid        not null,
  cause     integer     not null,
  n         smallint    not null,
  at        timestamptz not null,
  outcome   smallint    not null,
  means     smallint    not null,
  by_person text        not null,
  primary key (ticket_id, cause, n)
);
create table followup.progress (ticket_id uuid primary key, version integer not null);

create schema scoring;

-- One row a ticket and unit, with the place in the log it stands for.
create table scoring.fact (
  ticket_id     uuid        not null,
  unit          text        not null,   -- '' for the ticket itself
  version       integer     not null,
  area          text,
  channel       smallint    not null,
  received_at   timestamptz not null,
  body          jsonb       not null,
  primary key (ticket_id, unit)
);
create index fact_unit on scoring.fact (unit, received_at);                                                 -- a unit's figures in a period
