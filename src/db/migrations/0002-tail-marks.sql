-- The last entry of each partition's tail that Redis has acknowledged, kept where no failover of Redis rolls it back.
create table tail_marks (
  tail text primary key,
  ms bigint not null,
  n bigint not null,
  generation text not null
);
