-- Pairs that a person is asked about, with what was known when the question was made. People's answers stay: they are
-- what the judgement learns from.

create schema dedup;

create table dedup.suggestion (
  ticket_id   uuid        not null,      -- the new one
  head_id     uuid        not null,      -- the head of the group that it may belong to
  class       smallint    not null,
  probability real        not null,
  features    json        not null,      -- what the probability is made of; no word of a citizen
  basis       text        not null,      -- the rule or model
  at          timestamptz not null,
  ended       smallint,                  -- 1 confirmed, 2 rejected, 3 lapsed; null: still asked
  ended_by    text,
  ended_at    timestamptz,
  primary key (ticket_id, head_id)
);
create index suggestion_open on dedup.suggestion (ticket_id) where ended is null;                            -- what people are still asked
