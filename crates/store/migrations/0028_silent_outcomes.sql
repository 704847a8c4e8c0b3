-- An outcome that nobody spoke about: rules sent the ticket, its first unit kept it, and its result was accepted. It weighs
-- less than a person's word. What was kept before this column was weighed in full, and stays so.
alter table dispatch.outcome add column silent boolean not null default false;
