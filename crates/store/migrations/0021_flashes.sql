-- Flash reports 要情 (D§14): what the shift leader and the district's duty must know within minutes, in its stages.
create table followup.flash (
  ticket_id uuid        not null,
  cause     integer     not null,      -- the version of the ticket that the note with its words is
  stage     smallint    not null,      -- 1 first 初报, 2 further 续报, 3 final 终报
  text_id   uuid        not null,
  by_person text        not null,
  at        timestamptz not null,
  primary key (ticket_id, cause)
);
create index flash_at on followup.flash (at desc, ticket_id, cause);                                        -- the last ones
