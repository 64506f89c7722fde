-- People, communities, documents, and the update log.
-- Same number, tables and columns as ../postgres/0001_foundation.sql. Here an id is a blob of
-- 16 bytes and a time whole microseconds since 1970, which sort as they should.

-- "Unis": tells our file from another program's.
pragma application_id = 1433299315;

create table users (
    id blob not null,
    name text not null,
    email text,
    role text not null,
    language text not null,
    created_at integer not null,
    suspended_at integer,
    constraint users_id_pkey primary key (id),
    constraint users_email_key unique (email),
    constraint users_role_check check (role in ('administrator', 'agent', 'outsider'))
) strict;

create table logins (
    id blob not null,
    user_id blob not null,
    secret_hash blob not null,
    created_at integer not null,
    last_seen_at integer not null,
    expires_at integer not null,
    user_agent text,
    constraint logins_id_pkey primary key (id),
    constraint logins_secret_hash_key unique (secret_hash),
    constraint logins_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index logins_user_id_idx on logins (user_id);
create index logins_expires_at_idx on logins (expires_at);

create table settings (
    key text not null,
    value blob not null,
    constraint settings_key_pkey primary key (key)
) strict;

create table communities (
    id blob not null,
    slug text not null,
    name text not null,
    purpose text not null,
    visibility text not null,
    created_at integer not null,
    archived_at integer,
    constraint communities_id_pkey primary key (id),
    constraint communities_slug_key unique (slug),
    constraint communities_visibility_check check (visibility in ('public', 'private', 'secret'))
) strict;
create index communities_visibility_name_idx on communities (visibility, name, id);

create table memberships (
    community_id blob not null,
    user_id blob not null,
    role text not null,
    joined_at integer not null,
    expires_at integer,
    constraint memberships_community_id_user_id_pkey primary key (community_id, user_id),
    constraint memberships_community_id_fkey foreign key (community_id) references communities (id) on delete cascade,
    constraint memberships_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint memberships_role_check check (role in ('leader', 'moderator', 'member', 'reader'))
) strict, without rowid;
create index memberships_user_id_idx on memberships (user_id, community_id);

-- head_seq is the last seq of the current epoch; snapshot_seq what its snapshot covers.
-- Each append moves this row, so nothing that moves with each append is indexed: lists are
-- sorted by (updated_hour, updated_at, id), of which the hours since 1970 have the index.
-- People here and in the log are no foreign keys: a token may name someone without an account.
create table documents (
    id blob not null,
    name text not null,
    title text not null,
    community_id blob,
    visibility text not null,
    epoch integer not null,
    head_seq integer not null,
    snapshot_seq integer not null,
    size_bytes integer not null,
    frozen_at integer,
    created_by blob,
    created_at integer not null,
    updated_by blob,
    updated_at integer not null,
    updated_hour integer not null,
    deleted_at integer,
    constraint documents_id_pkey primary key (id),
    constraint documents_name_key unique (name),
    constraint documents_community_id_fkey foreign key (community_id) references communities (id),
    constraint documents_visibility_check check (visibility in ('inherit', 'restricted', 'link')),
    constraint documents_name_check check (length(cast(name as blob)) between 1 and 512)
) strict;
create index documents_community_id_updated_hour_idx on documents (community_id, updated_hour);
create index documents_created_by_updated_hour_idx on documents (created_by, updated_hour);

-- One row a document and commit: the updates that landed together, each with its
-- person and session (crdt-store/src/log/entry.rs). Without rowid, so that a document's rows
-- lie together.
create table updates (
    document_id blob not null,
    epoch integer not null,
    seq integer not null,
    payload blob not null,
    created_at integer not null,
    constraint updates_document_id_epoch_seq_pkey primary key (document_id, epoch, seq),
    constraint updates_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
) strict, without rowid;

-- Documents whose tail has grown since their snapshot: rows_count is the last power of two
-- it passed, so that an append seldom writes here and compaction never reads all documents.
create table tails (
    document_id blob not null,
    epoch integer not null,
    rows_count integer not null,
    constraint tails_document_id_pkey primary key (document_id),
    constraint tails_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
) strict, without rowid;
create index tails_rows_count_idx on tails (rows_count, document_id);

create table snapshots (
    document_id blob not null,
    epoch integer not null,
    seq integer not null,
    index_bytes blob not null,
    parts_count integer not null,
    size_bytes integer not null,
    created_at integer not null,
    constraint snapshots_document_id_epoch_pkey primary key (document_id, epoch),
    constraint snapshots_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
) strict;

create table snapshot_parts (
    document_id blob not null,
    epoch integer not null,
    part_no integer not null,
    bytes blob not null,
    constraint snapshot_parts_document_id_epoch_part_no_pkey primary key (document_id, epoch, part_no),
    constraint snapshot_parts_document_id_epoch_fkey foreign key (document_id, epoch)
        references snapshots (document_id, epoch) on delete cascade
) strict;

-- Rows that a snapshot covers, to be deleted later and in slices.
create table sweeps (
    document_id blob not null,
    epoch integer not null,
    up_to_seq integer not null,
    created_at integer not null,
    constraint sweeps_document_id_epoch_pkey primary key (document_id, epoch),
    constraint sweeps_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
) strict;
create index sweeps_created_at_idx on sweeps (created_at);

-- Who wrote which clocks, of the rows that a snapshot covers.
create table attributions (
    document_id blob not null,
    epoch integer not null,
    client_id integer not null,
    clock_from integer not null,
    clock_to integer not null,
    person_id blob,
    session_id blob not null,
    brought integer not null,
    constraint attributions_document_id_epoch_client_id_clock_from_pkey
        primary key (document_id, epoch, client_id, clock_from),
    constraint attributions_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
) strict, without rowid;

create table versions (
    id blob not null,
    document_id blob not null,
    epoch integer not null,
    seq integer not null,
    name text not null,
    parts_count integer not null,
    size_bytes integer not null,
    created_by blob,
    created_at integer not null,
    constraint versions_id_pkey primary key (id),
    constraint versions_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
) strict;
create index versions_document_id_created_at_idx on versions (document_id, created_at, id);

create table version_parts (
    version_id blob not null,
    part_no integer not null,
    bytes blob not null,
    constraint version_parts_version_id_part_no_pkey primary key (version_id, part_no),
    constraint version_parts_version_id_fkey foreign key (version_id) references versions (id) on delete cascade
) strict;

-- Single updates that could not be applied; their bytes are kept.
create table quarantine (
    document_id blob not null,
    epoch integer not null,
    seq integer not null,
    entry_no integer not null,
    reason text not null,
    bytes blob not null,
    person_id blob,
    created_at integer not null,
    released_at integer,
    constraint quarantine_document_id_epoch_seq_entry_no_pkey primary key (document_id, epoch, seq, entry_no),
    constraint quarantine_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
) strict;
create index quarantine_created_at_idx on quarantine (created_at) where released_at is null;
