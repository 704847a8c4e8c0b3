-- What dispatch learns from (D§10.3 step 8). All of it can be made again from the log.

-- Results that were accepted: who finished what. One row a ticket; a redo changes nothing about whose it was.
create table dispatch.outcome (
  ticket_id  uuid     primary key,
  day        date     not null,      -- the city's
  unit       text     not null,      -- who led at the end
  first_unit text     not null,      -- who had it first
  matter     text,
  area       text,
  channel    smallint not null,
  kind       smallint
);
create index outcome_day on dispatch.outcome (day, ticket_id);                                               -- what a day brought

-- Arbiters' rulings: like tickets follow them.
create table dispatch.ruling (
  ticket_id uuid        not null,
  version   integer     not null,
  at        timestamptz not null,
  number    text        not null,
  matter    text        not null,
  area      text,
  lead      text        not null,
  assists   text[]      not null,
  primary key (ticket_id, version)
);
create index ruling_at on dispatch.ruling (at desc, ticket_id);                                              -- the last ones

-- Automatic dispatches that a person was asked about first, and what the person chose.
create table dispatch.checked (
  ticket_id uuid        primary key,
  at        timestamptz not null,
  matter    text        not null,
  proposed  text        not null,
  chosen    text,
  chosen_at timestamptz
);
create index checked_chosen on dispatch.checked (chosen_at desc, ticket_id) where chosen is not null;        -- the last ones
