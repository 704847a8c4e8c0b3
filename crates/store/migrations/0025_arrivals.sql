-- What arrives and is told by no event.

-- Pictures, for those who compare them: they come after the ticket was judged.
create table core.picture (
  id        bigint      generated always as identity primary key,
  ticket_id uuid        not null,
  at        timestamptz not null default clock_timestamp(),
  compared  boolean     not null default false     -- the ticket was judged with it
);
create index picture_waiting on core.picture (id) where not compared;                                        -- what nobody has judged

create index suggestion_asked on dedup.suggestion (at, ticket_id, head_id) where ended is null;              -- reviewers who watch
