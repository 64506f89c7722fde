-- What a person has not seen yet: documents that others have changed since they last looked.
-- Same number, tables and columns as ../sqlite/0006_news.sql.

-- Until when somebody has seen a document. Rows that are older than anything that counts as news are deleted.
create table document_visits (
    user_id uuid not null,
    document_id uuid not null,
    seen_at timestamptz not null,
    constraint document_visits_user_id_document_id_pkey primary key (user_id, document_id),
    constraint document_visits_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint document_visits_document_id_fkey foreign key (document_id) references documents (id) on delete cascade
);
create index document_visits_document_id_idx on document_visits (document_id);
create index document_visits_seen_at_idx on document_visits (seen_at);

-- Until when they said that they have seen everything.
alter table users add column caught_up_at timestamptz;
