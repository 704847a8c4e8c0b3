-- Mass events (D§9.7): what a supervisor declares, and which tickets belong to it.

create table dedup.mass_event (
  id           uuid        primary key,
  kind         smallint    not null,      -- 1 one cause, 2 many sites
  title        text        not null,
  area         text,                      -- null: the whole city
  matters      text[]      not null,
  from_at      timestamptz not null,      -- what was received from then on belongs to it
  until_at     timestamptz not null,      -- what is received after it is ordinary
  answer       text,                      -- what everybody answers; no citizen's word
  answer_until timestamptz,
  master_id    uuid,                      -- one cause: whose group arrivals join; null until one leads
  declared_by  text        not null,
  declared_at  timestamptz not null,
  request      text        not null unique,
  ended_by     text,
  ended_at     timestamptz,
  looked_at    uuid                       -- tickets of before the declaration, up to this one; null: all of them
);
create index mass_event_running on dedup.mass_event (until_at) where ended_at is null;                       -- what a new ticket may belong to
create index mass_event_back on dedup.mass_event (id) where looked_at is not null;                           -- where somebody still looks back

create table dedup.mass_event_ticket (
  event_id  uuid        not null,
  ticket_id uuid        not null,
  area      text        not null,         -- where, when it was linked; '' where unknown
  linked_at timestamptz not null,
  primary key (event_id, ticket_id)
);
create index mass_event_ticket_place on dedup.mass_event_ticket (event_id, area, ticket_id);                 -- an event's sites by place
create index mass_event_ticket_of on dedup.mass_event_ticket (ticket_id);                                    -- a ticket's events
