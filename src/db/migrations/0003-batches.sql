-- One row for each batch; how its jobs are doing is asked of `jobs`.
create table batches (
  batch_id text collate "C" primary key,
  user_id text,
  name text,
  case_id text,
  total integer not null,
  created_at timestamptz not null
);

create index batches_of_user on batches (user_id, created_at desc, batch_id desc);
create index batches_created on batches (created_at);
