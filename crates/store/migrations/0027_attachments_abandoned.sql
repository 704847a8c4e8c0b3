-- Files whose upload was begun and never finished: found by their age, and swept.
create index attachment_arriving on core.attachment (created_at) where state = 1;
