-- Points and phones that are no evidence that two requests are one matter, as people say; what is learned from counts
-- stands in the memory of those who judge. Nothing is changed here: what was said last of a point or phone counts.

create table dedup.evidence (
  id        bigint      generated always as identity primary key,
  kind      smallint    not null,          -- 1 a point, 2 a phone
  subject   bigint      not null,          -- a point in millionths of a degree; of a phone a hash of its keyed hash
  worth     smallint    not null,          -- 1 nothing, 2 as much as any other after all
  reason    text        not null,          -- why, masked
  by_person text        not null,
  at        timestamptz not null,
  request   text        not null unique
);
create index evidence_subject on dedup.evidence (kind, subject, id desc);                                    -- what was said last
