-- One row for each job that was ever told of; `snapshot` is the job as the history has read it, the columns are what lists ask for.
create table jobs (
  -- Code point order, the same as JavaScript's: pages are merged with what Redis holds.
  job_id text collate "C" primary key,
  user_id text,
  type text not null,
  lane text not null,
  status text not null,
  case_id text,
  batch_id text,
  parent_id text,
  audiences text[] not null,
  run integer not null,
  snapshot jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz
);

create index jobs_newest on jobs (created_at desc, job_id desc);
create index jobs_of_user on jobs (user_id, created_at desc, job_id desc);
create index jobs_of_case on jobs (case_id, created_at desc, job_id desc) where case_id is not null;
create index jobs_of_batch on jobs (batch_id, created_at desc, job_id desc) where batch_id is not null;
create index jobs_finished on jobs (finished_at) where finished_at is not null;
create index jobs_open on jobs (type, lane) where finished_at is null;

-- Up to where each event stream is in `jobs`; moved in the transaction that writes them.
create table history_places (
  source text primary key,
  place text not null,
  -- Entries after this were trimmed unread, and the queue was not compared yet.
  gap_from text
);

-- Calls with a key, written before they take effect.
create table intents (
  id bigint generated always as identity primary key,
  caller text not null,
  route text not null,
  key text not null,
  body_hash text not null,
  state text not null check (state in ('pending', 'done')),
  job_ids text[] not null,
  payload jsonb not null,
  answer jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (caller, route, key)
);

create index intents_pending on intents (updated_at) where state = 'pending';
create index intents_created on intents (created_at);
