-- Attachments: files that came with a ticket. Their bytes stand in the store of files, sealed under the requester's key.

create table core.attachment (
  id           uuid        primary key,
  ticket_id    uuid        not null,
  requester_id uuid        not null,        -- whose key seals it; where the ticket has nobody, one made for it
  object       text        not null,        -- its name in the store of files: random, of nobody and nothing
  request      text        not null,
  role         smallint    not null,        -- who added it
  person       text        not null,
  unit         text,
  created_at   timestamptz not null,
  state        smallint    not null,        -- 1 arriving, 2 not scanned, 3 waits for its scan, 4 clean, 5 infected, 6 erased
  held         boolean     not null,        -- there may be bytes of it in the store of files
  kind         smallint,                    -- 1 JPEG, 2 PNG, 3 WebP, 4 PDF; null while it arrives
  bytes        bigint,
  width        integer,
  height       integer,
  hash         bigint,                      -- what pictures of the same have in common; null: nothing to be seen, or erased
  lat          double precision,            -- where it was taken, as it said itself
  lon          double precision,
  taken_at     timestamptz,
  finding      text,                        -- what the scanner called it
  unique (ticket_id, request)
);
create index attachment_ticket on core.attachment (ticket_id, id);                                          -- a ticket's files, its quota
create index attachment_requester on core.attachment (requester_id);                                        -- erasure
create index attachment_waiting on core.attachment (id) where state = 3;                                    -- what is to be scanned
create index attachment_leaving on core.attachment (id) where held and state in (5, 6);                     -- whose bytes are to go
