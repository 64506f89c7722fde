-- People, communities, documents, and the update log.
-- Same number, tables and columns as ../sqlite/0001_foundation.sql; native types here.
-- What is sorted or looked up by text is compared byte by byte, as SQLite does.

create table users (
    id uuid not null,
    name text not null,
    email text,
    role text not null,
    language text not null,
    created_at timestamptz not null,
    suspended_at timestamptz,
    constraint users_id_pkey primary key (id),
    constraint users_email_key unique (email),
    constraint users_role_check check (role in ('administrator', 'agent', 'outsider'))
);

create table logins (
    id uuid not null,
    user_id uuid not null,
    secret_hash bytea not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    user_agent text,
    constraint logins_id_pkey primary key (id),
    constraint logins_secret_hash_key unique (secret_hash),
    constraint logins_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index logins_user_id_idx on logins (user_id);
create index logins_expires_at_idx on logins (expires_at);

create table settings (
    key text collate "C" not null,
    value bytea not null,
    constraint settings_key_pkey primary key (key)
);

create table communities (
    id uuid not null,
    slug text collate "C" not null,
    name text collate "C" not null,
    purpose text not null,
    visibility text not null,
    created_at timestamptz not null,
    archived_at timestamptz,
    constraint communities_id_pkey primary key (id),
    constraint communities_slug_key unique (slug),
    constraint communities_visibility_check check (visibility in ('public', 'private', 'secret'))
);
create index communities_visibility_name_idx on communities (visibility, name, id);

create table memberships (
    community_id uuid not null,
    user_id uuid not null,
    role text not null,
    joined_at timestamptz not null,
    expires_at timestamptz,
    constraint memberships_community_id_user_id_pkey primary key (community_id, user_id),
    constraint memberships_community_id_fkey foreign key (community_id) references communities (id) on delete cascade,
    constraint memberships_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint memberships_role_check check (role in ('leader', 'moderator', 'member', 'reader'))
);
create index memberships_user_id_idx on memberships (user_id, community_id);

-- head_seq is the last seq of the current epoch; snapshot_seq what its snapshot covers.
-- Each append moves this row, so nothing that moves with each append is indexed: lists are
-- sorted by (updated_hour, updated_at, id), of which the hours since 1970 have the index.
-- People here and in the log are no foreign keys: a token may name someone without an account.
create table documents (
    id uuid not null,
    name text collate "C" not null,
    title text not null,
    community_id uuid,
    visibility text not null,
    epoch integer not null,
    head_seq bigint not null,
    snapshot_seq bigint not null,
    size_bytes bigint not null,
    frozen_at timestamptz,
    created_by uuid,
    created_at timestamptz not null,
    updated_by uuid,
    updated_at timestamptz not null,
    updated_hour bigint not null,
    deleted_at timestamptz,
    constraint documents_id_pkey primary key (id),
    constraint documents_name_key unique (name),
    constraint documents_community_id_fkey foreign key (community_id) references communities (id),
    constraint documents_visibility_check check (visibility in ('inherit', 'restricted', 'link')),
    constraint documents_name_check check (octet_length(name) between 1 and 512)
) with (fillfactor = 80);
create index documents_community_id_updated_hour_idx on documents (community_id, updated_hour);
create index documents_created_by_updated_hour_idx on documents (created_by, updated_hour);

-- One row a document and commit: the updates that landed together, each with its
-- person and session (crdt-store/src/log/entry.rs).
create table updates (
    document_id uuid not null,
    epoch integer not null,
    seq bigint not null,
    payload bytea not null,
    created_at timestamptz not null,
    constraint updates_document_id_epoch_seq_pkey primary key (document_id, epoch, seq),
    constraint updates_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);
-- Yjs bytes hardly compress and are read far more often than written.
alter table updates alter column payload set storage external;

-- Documents whose tail has grown since their snapshot: rows_count is the last power of two
-- it passed, so that an append seldom writes here and compaction never reads all documents.
create table tails (
    document_id uuid not null,
    epoch integer not null,
    rows_count bigint not null,
    constraint tails_document_id_pkey primary key (document_id),
    constraint tails_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);
create index tails_rows_count_idx on tails (rows_count, document_id);

create table snapshots (
    document_id uuid not null,
    epoch integer not null,
    seq bigint not null,
    index_bytes bytea not null,
    parts_count integer not null,
    size_bytes bigint not null,
    created_at timestamptz not null,
    constraint snapshots_document_id_epoch_pkey primary key (document_id, epoch),
    constraint snapshots_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);
alter table snapshots alter column index_bytes set storage external;

create table snapshot_parts (
    document_id uuid not null,
    epoch integer not null,
    part_no integer not null,
    bytes bytea not null,
    constraint snapshot_parts_document_id_epoch_part_no_pkey primary key (document_id, epoch, part_no),
    constraint snapshot_parts_document_id_epoch_fkey foreign key (document_id, epoch)
        references snapshots (document_id, epoch) on delete cascade
);
alter table snapshot_parts alter column bytes set storage external;

-- Rows that a snapshot covers, to be deleted later and in slices.
create table sweeps (
    document_id uuid not null,
    epoch integer not null,
    up_to_seq bigint not null,
    created_at timestamptz not null,
    constraint sweeps_document_id_epoch_pkey primary key (document_id, epoch),
    constraint sweeps_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);
create index sweeps_created_at_idx on sweeps (created_at);

-- Who wrote which clocks, of the rows that a snapshot covers.
create table attributions (
    document_id uuid not null,
    epoch integer not null,
    client_id bigint not null,
    clock_from bigint not null,
    clock_to bigint not null,
    person_id uuid,
    session_id uuid not null,
    brought boolean not null,
    constraint attributions_document_id_epoch_client_id_clock_from_pkey
        primary key (document_id, epoch, client_id, clock_from),
    constraint attributions_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);

create table versions (
    id uuid not null,
    document_id uuid not null,
    epoch integer not null,
    seq bigint not null,
    name text not null,
    parts_count integer not null,
    size_bytes bigint not null,
    created_by uuid,
    created_at timestamptz not null,
    constraint versions_id_pkey primary key (id),
    constraint versions_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);
create index versions_document_id_created_at_idx on versions (document_id, created_at, id);

create table version_parts (
    version_id uuid not null,
    part_no integer not null,
    bytes bytea not null,
    constraint version_parts_version_id_part_no_pkey primary key (version_id, part_no),
    constraint version_parts_version_id_fkey foreign key (version_id) references versions (id) on delete cascade
);
alter table version_parts alter column bytes set storage external;

-- Single updates that could not be applied; their bytes are kept.
create table quarantine (
    document_id uuid not null,
    epoch integer not null,
    seq bigint not null,
    entry_no integer not null,
    reason text not null,
    bytes bytea not null,
    person_id uuid,
    created_at timestamptz not null,
    released_at timestamptz,
    constraint quarantine_document_id_epoch_seq_entry_no_pkey primary key (document_id, epoch, seq, entry_no),
    constraint quarantine_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);
create index quarantine_created_at_idx on quarantine (created_at) where released_at is null;
