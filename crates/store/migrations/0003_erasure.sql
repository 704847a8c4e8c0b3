-- Erasing a requester must find their rows without costing each submit an index entry. Ids are time-ordered
-- and so are these tables, so a block range index of a few pages narrows the search; the rare late row of an
-- old requester (a reply) makes a range wider, which the multi-range form bears.

create index text_requester on core.text using brin (requester_id uuid_minmax_multi_ops);
create index contact_requester on core.contact using brin (requester_id uuid_minmax_multi_ops);
create index ticket_phone_ticket on core.ticket_phone using brin (ticket_id uuid_minmax_multi_ops);
