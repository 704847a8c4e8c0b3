-- Rows that are written for every ticket and seldom read.

-- Why a ticket was sent is read back whole, by one reader: no use in taking it apart.
alter table dispatch.decision alter column body type json using body::json;

-- A fact is written anew as its ticket goes on; with room on the page that costs no index entries (HOT).
alter table scoring.fact set (fillfactor = 70);

-- No question asks for one unit's facts in a period; figures are summed for all units at once.
drop index scoring.fact_unit;
