-- Signing in by an identity provider or by a link in a mail, and the mails that wait to be sent.
-- Same number, tables and columns as ../postgres/0002_sign_in.sql; an id is a blob, a time whole microseconds.

-- service: the organisation, as others see it. directory: who finds this person in the list of people.
alter table users add column service text;
alter table users add column directory text not null default 'agents'
    constraint users_directory_check check (directory in ('agents', 'communities'));
alter table users add column last_seen_at integer;

-- Addresses are compared in lower case.
update users set email = lower(email) where email <> lower(email);

-- The provider's own token of this sign-in, sealed with a key that only the cookie gives: signing out shows it there.
alter table logins add column id_token blob;

-- Who somebody is to an identity provider. The address is what the provider said last, for support.
create table identities (
    issuer text not null,
    subject text not null,
    user_id blob not null,
    email text,
    created_at integer not null,
    last_used_at integer not null,
    constraint identities_issuer_subject_pkey primary key (issuer, subject),
    constraint identities_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index identities_user_id_idx on identities (user_id);

-- A sign-in that was begun here and goes on at the provider; of one browser, and taken once.
create table sign_in_attempts (
    state_hash blob not null,
    browser_hash blob not null,
    nonce text not null,
    verifier text not null,
    return_to text not null,
    created_at integer not null,
    expires_at integer not null,
    constraint sign_in_attempts_state_hash_pkey primary key (state_hash)
) strict;
create index sign_in_attempts_expires_at_idx on sign_in_attempts (expires_at);

-- Links that were mailed: to sign in, or to connect an account with an identity (issuer, subject) in one browser.
create table email_links (
    secret_hash blob not null,
    user_id blob not null,
    purpose text not null,
    issuer text,
    subject text,
    browser_hash blob,
    return_to text not null,
    created_at integer not null,
    expires_at integer not null,
    used_at integer,
    constraint email_links_secret_hash_pkey primary key (secret_hash),
    constraint email_links_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint email_links_purpose_check check (purpose in ('sign-in', 'merge')),
    constraint email_links_issuer_check check ((purpose = 'merge') = (issuer is not null
        and subject is not null and browser_hash is not null))
) strict;
create index email_links_user_id_idx on email_links (user_id);
create index email_links_expires_at_idx on email_links (expires_at);

-- How often something was done within a window of time: keys are hashes, of addresses for instance.
create table throttles (
    key_hash blob not null,
    count integer not null,
    expires_at integer not null,
    constraint throttles_key_hash_pkey primary key (key_hash)
) strict;
create index throttles_expires_at_idx on throttles (expires_at);

-- The outbox. text and html are emptied once the mail is past sending, for they may hold a secret.
create table mails (
    id blob not null,
    recipient text not null,
    language text not null,
    kind text not null,
    subject text not null,
    text text not null,
    html text not null,
    state text not null,
    attempts integer not null,
    due_at integer not null,
    expires_at integer not null,
    claimed_by blob,
    claimed_at integer,
    settled_at integer,
    error text,
    created_at integer not null,
    constraint mails_id_pkey primary key (id),
    constraint mails_state_check check (state in ('queued', 'handing', 'sent', 'failed', 'uncertain'))
) strict;
create index mails_due_at_idx on mails (due_at, id) where state = 'queued';
create index mails_claimed_at_idx on mails (claimed_at) where state = 'handing';
create index mails_settled_at_idx on mails (settled_at) where settled_at is not null;
