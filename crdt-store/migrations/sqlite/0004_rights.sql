-- Who a document is shared with beyond its community's rules, and administrators who look into a community.
-- Same number, tables and columns as ../postgres/0004_rights.sql. Here an id is a blob of 16 bytes and a time whole
-- microseconds since 1970.

-- How far the address of a document takes a colleague, and until when: documents of visibility 'link'.
alter table documents add column link_access text
    constraint documents_link_access_check check (link_access in ('read', 'comment', 'write'));
alter table documents add column link_expires_at integer;

-- People who are named. guest: they were not of the document's community when they were; what others are given
-- counts while they belong to it.
create table document_shares (
    document_id blob not null,
    user_id blob not null,
    access text not null,
    guest integer not null,
    created_at integer not null,
    constraint document_shares_document_id_user_id_pkey primary key (document_id, user_id),
    constraint document_shares_document_id_fkey foreign key (document_id) references documents (id) on delete cascade,
    constraint document_shares_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint document_shares_access_check check (access in ('read', 'comment', 'write', 'manage'))
) strict, without rowid;
create index document_shares_user_id_idx on document_shares (user_id, document_id);

-- An administrator reads in a community for a while, for a reason that its people are told.
create table admin_entries (
    id blob not null,
    community_id blob not null,
    user_id blob not null,
    reason text not null,
    created_at integer not null,
    expires_at integer not null,
    constraint admin_entries_id_pkey primary key (id),
    constraint admin_entries_community_id_fkey foreign key (community_id) references communities (id) on delete cascade,
    constraint admin_entries_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index admin_entries_community_id_user_id_idx on admin_entries (community_id, user_id, expires_at);
create index admin_entries_user_id_idx on admin_entries (user_id, expires_at);
