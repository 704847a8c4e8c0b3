-- Extensions that units asked for, pending or granted: the quota of a unit and quarter (R-DSP-6). One row a ticket and
-- request; a denied request leaves none. Kept by the dispatch service from the events.
create table dispatch.extension (
  ticket_id uuid not null,
  n smallint not null,                                     -- its place: the round in hundreds, and which one of the round
  unit text not null,
  asked_at timestamptz not null,
  primary key (ticket_id, n)
);
create index extension_unit on dispatch.extension (unit, asked_at);                                            -- a unit's requests in a quarter
