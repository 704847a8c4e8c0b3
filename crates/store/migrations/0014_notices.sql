-- Notices: who is told what, and whether it went out. One row an effect: its cause is the version of the ticket.

create table followup.notice (
  ticket_id  uuid        not null,
  cause      integer     not null,
  kind       text        not null,      -- the text's code: N2, YELLOW, …
  recipient  text        not null,      -- 'citizen:…', 'unit:CODE:duty', 'desk:supervisors'; never a phone or a name
  state      smallint    not null,      -- 1 waiting, 2 sent, 3 dropped, 4 failed
  urgency    smallint    not null,
  holds      smallint    not null,      -- while what it is still true
  about_unit text,                      -- whose part of the ticket
  said       jsonb       not null,      -- what the text needs besides the ticket's number: codes and times
  not_before timestamptz not null,      -- when it goes out
  taken_until timestamptz,              -- somebody sends it; when another may try. In no index: taking moves nothing
  attempts   smallint    not null default 0,
  template   text,                      -- version of the texts that it was said in
  person     text,                      -- who stood there by the roster when it was sent
  receipt    text,                      -- the carrier's
  ended_at   timestamptz,               -- sent, dropped or failed
  problem    text,                      -- why it was dropped or did not go out
  taken_by   text,                      -- who said that it was received
  taken_at   timestamptz,
  primary key (ticket_id, cause, kind, recipient)
);
create index notice_due on followup.notice (not_before, ticket_id) where state = 1;                          -- what goes out next
create index notice_sent on followup.notice (recipient, ended_at) where state = 2;                           -- how many somebody had today
create index notice_of on followup.notice (recipient, not_before desc, ticket_id, cause, kind);              -- what somebody was told
