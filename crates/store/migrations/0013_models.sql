-- Files of learned models, by what they hold. A row of `core.version` names the file of each version.
create table core.model (
  sha256 bytea primary key,
  file   bytea not null
);
alter table core.model alter column file set storage external;  -- weights do not get smaller
