-- The directory of communities is read in the order of its names, all of it or by how one comes in.
-- Same number, tables and columns as ../sqlite/0005_directory.sql.

create index communities_shown_idx on communities (name_key, id) where archived_at is null and visibility <> 'secret';
create index communities_joining_idx on communities (joining, name_key, id)
    where archived_at is null and visibility <> 'secret';
-- Nothing reads in this order any more.
drop index communities_visibility_name_idx;
