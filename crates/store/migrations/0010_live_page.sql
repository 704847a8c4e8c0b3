-- The live page asks which tasks are late or soon will be, by unit and area, however old they are. A fact says
-- by when its unit must hand in; the column is made of the fact, so that `verify` proves it with the rest.

alter table scoring.fact add column open_due bigint generated always as ((body->>'open_due')::bigint) stored;
create index fact_open_due on scoring.fact (open_due) where open_due is not null;                           -- late, and soon late

-- Figures of a period for all units at once have no unit to begin with; the table is filled in the order of time, so
-- a block range index of a few pages finds a day in years.
create index fact_received on scoring.fact using brin (received_at timestamptz_minmax_multi_ops);
