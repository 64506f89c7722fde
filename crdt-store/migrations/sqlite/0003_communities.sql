-- Communities: how one joins, what they are made of, requests, invitations, the audit log.
-- Same number, tables and columns as ../postgres/0003_communities.sql. Here an id is a blob of 16 bytes and a time whole
-- microseconds since 1970.

-- name_key: the name folded, for sorting and finding; null until crdt-store/src/names.rs has seen the name.
alter table users add column name_key text;
create index users_name_key_idx on users (name_key, id);
create index users_last_seen_at_idx on users (last_seen_at, id);
create index users_role_name_key_idx on users (role, name_key, id);
create index users_suspended_at_name_key_idx on users (name_key, id) where suspended_at is not null;

create trigger users_name_update after update of name, email on users
    when new.name is not old.name or new.email is not old.email
begin
    update users set name_key = null where id = new.id;
end;

-- The words of people's names and addresses, folded.
create table person_words (
    word text not null,
    user_id blob not null,
    constraint person_words_word_user_id_pkey primary key (word, user_id),
    constraint person_words_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict, without rowid;
create index person_words_user_id_idx on person_words (user_id, word);

-- leaders_count: who leads and may come in, kept by the triggers below. active_at: about when something was last
-- written there, looked up now and then.
alter table communities add column joining text not null default 'approval'
    constraint communities_joining_check check (joining in ('open', 'approval', 'invitation'));
alter table communities add column model text not null default 'network'
    constraint communities_model_check check (model in ('network', 'project', 'event'));
alter table communities add column welcome_document_id blob
    constraint communities_welcome_document_id_fkey references documents (id) on delete set null;
alter table communities add column name_key text;
alter table communities add column leaders_count integer not null default 0;
alter table communities add column active_at integer;
create index communities_welcome_document_id_idx on communities (welcome_document_id);
create index communities_name_key_idx on communities (name_key, id);
create index communities_archived_at_idx on communities (name_key, id) where archived_at is not null;
create index communities_leaders_count_idx on communities (name_key, id) where leaders_count = 0 and archived_at is null;
create index communities_active_at_idx on communities (active_at, id) where archived_at is null;

update communities set active_at = created_at,
    joining = case when visibility = 'secret' then 'invitation' else 'approval' end;

create trigger communities_name_update after update of name on communities when new.name is not old.name
begin
    update communities set name_key = null where id = new.id;
end;

create table community_words (
    word text not null,
    community_id blob not null,
    constraint community_words_word_community_id_pkey primary key (word, community_id),
    constraint community_words_community_id_fkey foreign key (community_id)
        references communities (id) on delete cascade
) strict, without rowid;
create index community_words_community_id_idx on community_words (community_id, word);

-- name_key and outsider are the person's, kept by the triggers below, so that a list of members reads its page only.
alter table memberships add column name_key text;
alter table memberships add column outsider integer not null default 0;
create index memberships_community_id_name_key_idx on memberships (community_id, name_key, user_id);
create index memberships_community_id_role_idx on memberships (community_id, role, name_key, user_id);
create index memberships_community_id_outsider_idx on memberships (community_id, name_key, user_id) where outsider = 1;
create index memberships_expires_at_idx on memberships (expires_at) where outsider = 1;

update memberships set outsider = coalesce((select 1 from users u where u.id = user_id and u.role = 'outsider'), 0);
update communities set leaders_count = (select count(*) from memberships m join users u on u.id = m.user_id
    where m.community_id = communities.id and m.role = 'leader' and u.suspended_at is null);

create trigger memberships_insert after insert on memberships
begin
    update memberships set name_key = (select name_key from users where id = new.user_id),
        outsider = coalesce((select role = 'outsider' from users where id = new.user_id), 0)
    where community_id = new.community_id and user_id = new.user_id;
end;
create trigger memberships_leader_insert after insert on memberships when new.role = 'leader'
begin
    update communities set leaders_count = leaders_count + 1 where id = new.community_id
        and (select suspended_at is null from users where id = new.user_id);
end;
create trigger memberships_leader_delete after delete on memberships when old.role = 'leader'
begin
    update communities set leaders_count = leaders_count - 1 where id = old.community_id
        and coalesce((select suspended_at is null from users where id = old.user_id), 1);
end;
create trigger memberships_leader_update after update of role on memberships
    when (new.role = 'leader') <> (old.role = 'leader')
begin
    update communities set leaders_count = leaders_count + case when new.role = 'leader' then 1 else -1 end
    where id = new.community_id and (select suspended_at is null from users where id = new.user_id);
end;
create trigger users_memberships_update after update of name_key, role on users
    when new.name_key is not old.name_key or new.role <> old.role
begin
    update memberships set name_key = new.name_key, outsider = (new.role = 'outsider') where user_id = new.id;
end;
create trigger users_leader_update after update of suspended_at on users
    when (new.suspended_at is null) <> (old.suspended_at is null)
begin
    update communities set leaders_count = leaders_count + case when new.suspended_at is null then 1 else -1 end
    where id in (select community_id from memberships where user_id = new.id and role = 'leader');
end;

-- What a community is made of. What was removed keeps its place and its things.
create table community_features (
    community_id blob not null,
    feature text not null,
    position integer not null,
    removed_at integer,
    constraint community_features_community_id_feature_pkey primary key (community_id, feature),
    constraint community_features_community_id_fkey foreign key (community_id)
        references communities (id) on delete cascade,
    constraint community_features_feature_check check (feature in ('documents', 'wiki', 'posts', 'faq'))
) strict, without rowid;
insert into community_features (community_id, feature, position) select id, 'documents', 0 from communities;

-- In which list of its community a document stands.
alter table documents add column feature text not null default 'documents'
    constraint documents_feature_check check (feature in ('documents', 'wiki', 'posts', 'faq'));
create index documents_community_id_feature_updated_hour_idx on documents (community_id, feature, updated_hour);

-- Numbers that count up: of requests, by year.
create table counters (
    name text not null,
    value integer not null,
    constraint counters_name_pkey primary key (name)
) strict;

-- queue: where it stands for administrators; revision: moves with each change of words or state; similar_count:
-- communities of a like name when it was sent.
create table community_requests (
    id blob not null,
    number text,
    requester_id blob not null,
    state text not null,
    queue text not null,
    revision integer not null,
    name text not null,
    purpose text not null,
    model text not null,
    visibility text not null,
    joining text not null,
    features text not null,
    co_leaders text not null,
    similar_count integer not null default 0,
    reason text,
    decided_by blob,
    decided_at integer,
    community_id blob,
    created_at integer not null,
    updated_at integer not null,
    constraint community_requests_id_pkey primary key (id),
    constraint community_requests_number_key unique (number),
    constraint community_requests_requester_id_fkey foreign key (requester_id) references users (id) on delete cascade,
    constraint community_requests_community_id_fkey foreign key (community_id)
        references communities (id) on delete set null,
    constraint community_requests_state_check
        check (state in ('draft', 'received', 'changes', 'accepted', 'refused')),
    constraint community_requests_queue_check check (queue in ('draft', 'open', 'waiting', 'closed'))
) strict;
create index community_requests_requester_id_updated_at_idx on community_requests (requester_id, updated_at, id);
create index community_requests_queue_updated_at_idx on community_requests (queue, updated_at, id);
create index community_requests_community_id_idx on community_requests (community_id);

create table request_messages (
    id blob not null,
    request_id blob not null,
    author_id blob not null,
    text text not null,
    created_at integer not null,
    constraint request_messages_id_pkey primary key (id),
    constraint request_messages_request_id_fkey foreign key (request_id)
        references community_requests (id) on delete cascade,
    constraint request_messages_author_id_fkey foreign key (author_id) references users (id) on delete cascade
) strict;
create index request_messages_request_id_created_at_idx on request_messages (request_id, created_at, id);
create index request_messages_author_id_idx on request_messages (author_id);

-- One invitation of an address into a community waits at a time. Of its secret there is the hash alone.
create table invitations (
    id blob not null,
    community_id blob not null,
    email text not null,
    role text not null,
    secret_hash blob not null,
    invited_by blob,
    created_at integer not null,
    expires_at integer not null,
    member_until integer,
    sent_at integer not null,
    accepted_at integer,
    accepted_by blob,
    declined_at integer,
    revoked_at integer,
    constraint invitations_id_pkey primary key (id),
    constraint invitations_secret_hash_key unique (secret_hash),
    constraint invitations_community_id_fkey foreign key (community_id) references communities (id) on delete cascade,
    constraint invitations_role_check check (role in ('leader', 'moderator', 'member', 'reader'))
) strict;
create unique index invitations_community_id_email_idx on invitations (community_id, email)
    where accepted_at is null and declined_at is null and revoked_at is null;
create index invitations_community_id_created_at_idx on invitations (community_id, created_at, id)
    where accepted_at is null and declined_at is null and revoked_at is null;
create index invitations_community_id_idx on invitations (community_id);
create index invitations_email_idx on invitations (email, created_at)
    where accepted_at is null and declined_at is null and revoked_at is null;

-- Who would like to join. Of one person one waits at a time.
create table join_requests (
    id blob not null,
    community_id blob not null,
    user_id blob not null,
    message text not null,
    state text not null,
    created_at integer not null,
    decided_by blob,
    decided_at integer,
    reason text,
    constraint join_requests_id_pkey primary key (id),
    constraint join_requests_community_id_fkey foreign key (community_id) references communities (id) on delete cascade,
    constraint join_requests_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint join_requests_state_check check (state in ('open', 'accepted', 'refused', 'withdrawn'))
) strict;
create unique index join_requests_community_id_user_id_idx on join_requests (community_id, user_id)
    where state = 'open';
create index join_requests_community_id_created_at_idx on join_requests (community_id, created_at, id)
    where state = 'open';
create index join_requests_community_id_idx on join_requests (community_id);
create index join_requests_user_id_idx on join_requests (user_id);

-- What was done: rights, decisions, administrators' acts. People and communities are no foreign keys: the record stays.
create table audit (
    id blob not null,
    at integer not null,
    actor_id blob,
    action text not null,
    community_id blob,
    subject_kind text,
    subject_id blob,
    details text not null,
    constraint audit_id_pkey primary key (id)
) strict;
create index audit_at_idx on audit (at, id);
create index audit_actor_id_at_idx on audit (actor_id, at, id);
create index audit_action_at_idx on audit (action, at, id);
create index audit_community_id_at_idx on audit (community_id, at, id);
create index audit_subject_id_at_idx on audit (subject_id, at, id);

create trigger audit_update before update on audit
begin
    select raise(abort, 'the audit log only grows');
end;
create trigger audit_delete before delete on audit
begin
    select raise(abort, 'the audit log only grows');
end;
