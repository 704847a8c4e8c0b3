-- Every request that changed a handover, not the last one alone: a repeat changes nothing, however late it comes.
alter table dispatch.handover alter column request type text[] using array[request];
alter table dispatch.handover rename column request to requests;
