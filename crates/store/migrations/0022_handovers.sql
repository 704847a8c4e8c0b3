-- Handovers at the end of a shift 交接班 (D§14): what is handed over, to whom, and who signed. One open at a time in a unit.
create table dispatch.handover (
  id        uuid        primary key,
  unit      text        not null,
  opened_at timestamptz not null,
  closed_at timestamptz,               -- when the incoming leader signed
  version   integer     not null,      -- two who change it at once do not overwrite one another
  request   text        not null,      -- the last one; its repeat changes nothing
  body      json        not null
);
create unique index handover_open on dispatch.handover (unit) where closed_at is null;                      -- the one that is open
create index handover_of on dispatch.handover (unit, opened_at desc);                                       -- a unit's last ones
