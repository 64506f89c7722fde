-- Communities: how one joins, what they are made of, requests, invitations, the audit log.
-- Same number, tables and columns as ../sqlite/0003_communities.sql; native types here. What is sorted or looked up by
-- text is compared byte by byte, as SQLite does.

-- name_key: the name folded, for sorting and finding; null until crdt-store/src/names.rs has seen the name.
alter table users add column name_key text collate "C";
create index users_name_key_idx on users (name_key, id);
create index users_last_seen_at_idx on users (last_seen_at, id);
create index users_role_name_key_idx on users (role, name_key, id);
create index users_suspended_at_name_key_idx on users (name_key, id) where suspended_at is not null;

-- The words of people's names and addresses, folded.
create table person_words (
    word text collate "C" not null,
    user_id uuid not null,
    constraint person_words_word_user_id_pkey primary key (word, user_id),
    constraint person_words_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index person_words_user_id_idx on person_words (user_id, word);

-- leaders_count: who leads and may come in, kept by the triggers below. active_at: about when something was last
-- written there, looked up now and then.
alter table communities add column joining text not null default 'approval'
    constraint communities_joining_check check (joining in ('open', 'approval', 'invitation'));
alter table communities add column model text not null default 'network'
    constraint communities_model_check check (model in ('network', 'project', 'event'));
alter table communities add column welcome_document_id uuid
    constraint communities_welcome_document_id_fkey references documents (id) on delete set null;
alter table communities add column name_key text collate "C";
alter table communities add column leaders_count bigint not null default 0;
alter table communities add column active_at timestamptz;
create index communities_welcome_document_id_idx on communities (welcome_document_id);
create index communities_name_key_idx on communities (name_key, id);
create index communities_archived_at_idx on communities (name_key, id) where archived_at is not null;
create index communities_leaders_count_idx on communities (name_key, id) where leaders_count = 0 and archived_at is null;
create index communities_active_at_idx on communities (active_at, id) where archived_at is null;

update communities set active_at = created_at,
    joining = case when visibility = 'secret' then 'invitation' else 'approval' end;

create table community_words (
    word text collate "C" not null,
    community_id uuid not null,
    constraint community_words_word_community_id_pkey primary key (word, community_id),
    constraint community_words_community_id_fkey foreign key (community_id)
        references communities (id) on delete cascade
);
create index community_words_community_id_idx on community_words (community_id, word);

-- name_key and outsider are the person's, kept by the triggers below, so that a list of members reads its page only.
alter table memberships add column name_key text collate "C";
alter table memberships add column outsider boolean not null default false;
create index memberships_community_id_name_key_idx on memberships (community_id, name_key, user_id);
create index memberships_community_id_role_idx on memberships (community_id, role, name_key, user_id);
create index memberships_community_id_outsider_idx on memberships (community_id, name_key, user_id) where outsider;
create index memberships_expires_at_idx on memberships (expires_at) where outsider;

update memberships set outsider = coalesce((select u.role = 'outsider' from users u where u.id = user_id), false);
update communities set leaders_count = (select count(*) from memberships m join users u on u.id = m.user_id
    where m.community_id = communities.id and m.role = 'leader' and u.suspended_at is null);

-- What a community is made of. What was removed keeps its place and its things.
create table community_features (
    community_id uuid not null,
    feature text collate "C" not null,
    position integer not null,
    removed_at timestamptz,
    constraint community_features_community_id_feature_pkey primary key (community_id, feature),
    constraint community_features_community_id_fkey foreign key (community_id)
        references communities (id) on delete cascade,
    constraint community_features_feature_check check (feature in ('documents', 'wiki', 'posts', 'faq'))
);
insert into community_features (community_id, feature, position) select id, 'documents', 0 from communities;

-- In which list of its community a document stands.
alter table documents add column feature text collate "C" not null default 'documents'
    constraint documents_feature_check check (feature in ('documents', 'wiki', 'posts', 'faq'));
create index documents_community_id_feature_updated_hour_idx on documents (community_id, feature, updated_hour);

-- Numbers that count up: of requests, by year.
create table counters (
    name text collate "C" not null,
    value bigint not null,
    constraint counters_name_pkey primary key (name)
);

-- queue: where it stands for administrators; revision: moves with each change of words or state; similar_count:
-- communities of a like name when it was sent.
create table community_requests (
    id uuid not null,
    number text collate "C",
    requester_id uuid not null,
    state text not null,
    queue text collate "C" not null,
    revision integer not null,
    name text not null,
    purpose text not null,
    model text not null,
    visibility text not null,
    joining text not null,
    features text not null,
    co_leaders text not null,
    similar_count bigint not null default 0,
    reason text,
    decided_by uuid,
    decided_at timestamptz,
    community_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint community_requests_id_pkey primary key (id),
    constraint community_requests_number_key unique (number),
    constraint community_requests_requester_id_fkey foreign key (requester_id) references users (id) on delete cascade,
    constraint community_requests_community_id_fkey foreign key (community_id)
        references communities (id) on delete set null,
    constraint community_requests_state_check
        check (state in ('draft', 'received', 'changes', 'accepted', 'refused')),
    constraint community_requests_queue_check check (queue in ('draft', 'open', 'waiting', 'closed'))
);
create index community_requests_requester_id_updated_at_idx on community_requests (requester_id, updated_at, id);
create index community_requests_queue_updated_at_idx on community_requests (queue, updated_at, id);
create index community_requests_community_id_idx on community_requests (community_id);

create table request_messages (
    id uuid not null,
    request_id uuid not null,
    author_id uuid not null,
    text text not null,
    created_at timestamptz not null,
    constraint request_messages_id_pkey primary key (id),
    constraint request_messages_request_id_fkey foreign key (request_id)
        references community_requests (id) on delete cascade,
    constraint request_messages_author_id_fkey foreign key (author_id) references users (id) on delete cascade
);
create index request_messages_request_id_created_at_idx on request_messages (request_id, created_at, id);
create index request_messages_author_id_idx on request_messages (author_id);

-- One invitation of an address into a community waits at a time. Of its secret there is the hash alone.
create table invitations (
    id uuid not null,
    community_id uuid not null,
    email text collate "C" not null,
    role text not null,
    secret_hash bytea not null,
    invited_by uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    member_until timestamptz,
    sent_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid,
    declined_at timestamptz,
    revoked_at timestamptz,
    constraint invitations_id_pkey primary key (id),
    constraint invitations_secret_hash_key unique (secret_hash),
    constraint invitations_community_id_fkey foreign key (community_id) references communities (id) on delete cascade,
    constraint invitations_role_check check (role in ('leader', 'moderator', 'member', 'reader'))
);
create unique index invitations_community_id_email_idx on invitations (community_id, email)
    where accepted_at is null and declined_at is null and revoked_at is null;
create index invitations_community_id_created_at_idx on invitations (community_id, created_at, id)
    where accepted_at is null and declined_at is null and revoked_at is null;
create index invitations_community_id_idx on invitations (community_id);
create index invitations_email_idx on invitations (email, created_at)
    where accepted_at is null and declined_at is null and revoked_at is null;

-- Who would like to join. Of one person one waits at a time.
create table join_requests (
    id uuid not null,
    community_id uuid not null,
    user_id uuid not null,
    message text not null,
    state text not null,
    created_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    reason text,
    constraint join_requests_id_pkey primary key (id),
    constraint join_requests_community_id_fkey foreign key (community_id) references communities (id) on delete cascade,
    constraint join_requests_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint join_requests_state_check check (state in ('open', 'accepted', 'refused', 'withdrawn'))
);
create unique index join_requests_community_id_user_id_idx on join_requests (community_id, user_id)
    where state = 'open';
create index join_requests_community_id_created_at_idx on join_requests (community_id, created_at, id)
    where state = 'open';
create index join_requests_community_id_idx on join_requests (community_id);
create index join_requests_user_id_idx on join_requests (user_id);

-- What was done: rights, decisions, administrators' acts. People and communities are no foreign keys: the record stays.
create table audit (
    id uuid not null,
    at timestamptz not null,
    actor_id uuid,
    action text collate "C" not null,
    community_id uuid,
    subject_kind text,
    subject_id uuid,
    details text not null,
    constraint audit_id_pkey primary key (id)
);
create index audit_at_idx on audit (at, id);
create index audit_actor_id_at_idx on audit (actor_id, at, id);
create index audit_action_at_idx on audit (action, at, id);
create index audit_community_id_at_idx on audit (community_id, at, id);
create index audit_subject_id_at_idx on audit (subject_id, at, id);

create function users_name_seen() returns trigger language plpgsql as $$
begin
    new.name_key := null;
    return new;
end $$;
create trigger users_name_update before update of name, email on users for each row
    when (new.name is distinct from old.name or new.email is distinct from old.email) execute function users_name_seen();
create trigger communities_name_update before update of name on communities for each row
    when (new.name is distinct from old.name) execute function users_name_seen();

create function memberships_put() returns trigger language plpgsql as $$
begin
    select u.name_key, u.role = 'outsider' into new.name_key, new.outsider from users u where u.id = new.user_id;
    new.outsider := coalesce(new.outsider, false);
    return new;
end $$;
create trigger memberships_insert before insert on memberships for each row execute function memberships_put();

create function memberships_lead() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and old.role = 'leader' then
        update communities set leaders_count = leaders_count - 1 where id = old.community_id
            and coalesce((select u.suspended_at is null from users u where u.id = old.user_id), true);
    end if;
    if tg_op <> 'DELETE' and new.role = 'leader' then
        update communities set leaders_count = leaders_count + 1 where id = new.community_id
            and (select u.suspended_at is null from users u where u.id = new.user_id);
    end if;
    return null;
end $$;
create trigger memberships_leader_insert after insert on memberships for each row
    when (new.role = 'leader') execute function memberships_lead();
create trigger memberships_leader_delete after delete on memberships for each row
    when (old.role = 'leader') execute function memberships_lead();
create trigger memberships_leader_update after update of role on memberships for each row
    when ((new.role = 'leader') <> (old.role = 'leader')) execute function memberships_lead();

create function users_memberships() returns trigger language plpgsql as $$
begin
    update memberships set name_key = new.name_key, outsider = (new.role = 'outsider') where user_id = new.id;
    return null;
end $$;
create trigger users_memberships_update after update on users for each row
    when (new.name_key is distinct from old.name_key or new.role <> old.role) execute function users_memberships();

create function users_lead() returns trigger language plpgsql as $$
begin
    update communities set leaders_count = leaders_count + case when new.suspended_at is null then 1 else -1 end
    where id in (select m.community_id from memberships m where m.user_id = new.id and m.role = 'leader');
    return null;
end $$;
create trigger users_leader_update after update of suspended_at on users for each row
    when ((new.suspended_at is null) <> (old.suspended_at is null)) execute function users_lead();

create function audit_only_grows() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log only grows';
end $$;
create trigger audit_update before update or delete on audit for each row execute function audit_only_grows();
create trigger audit_truncate before truncate on audit for each statement execute function audit_only_grows();
