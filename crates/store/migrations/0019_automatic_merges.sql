-- What a question was about when it was asked, and which were drawn by lot: what would have been merged without a
-- person, or was just too unlikely to be asked about. What people answer to those says what the machine is worth.
alter table dedup.suggestion
  add column matter text,        -- row of the catalogue; null where unknown
  add column drawn  smallint;    -- 1 merged otherwise, 2 not asked otherwise; null: asked anyway
create index suggestion_drawn on dedup.suggestion (at) where drawn is not null;                             -- what was drawn lately
