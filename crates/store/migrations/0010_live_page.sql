-- The live page asks which tasks are late or soon will be, by unit and area, however old they are. A fact says
-- by when its unit must hand in; the column is made of the fact, so that `verify` proves it with the rest.

alter table scoring.fact add column open_due bigint generated always as ((body->>'open_due')::bigint) stored;
create index fact_open_due on scoring.fact (open_due) where open_due is not null;                           -- late, and soon late
