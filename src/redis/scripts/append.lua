--[[
  Applies one source's events to audiences of one partition. What it does for an audience it does in one step: checks, snapshots, numbers, stores and
  tells, so that log, tail and snapshots cannot disagree. One call serves many audiences, since to begin it costs as much as to serve one; none of them
  depends on another.

  KEYS  1 tail  2 partition  3 open (of the partition), then for each audience: log, meta, jobs, open jobs, done jobs, accepted, batches…
  ARGV  1 source  2 fence  3 holder  4 generation, 5 epoch: random parts to begin with
        6 an entry of the tail that was acknowledged ("" = none)
        7 facts kept  8 ttl of the log, ms  9 ttl of meta, ms  10 how long a finished job's snapshot is kept, ms
        then for each audience: how many batches, how many entries, audience, the same as a JSON string,
        the source's last ref here, as its reader knows it ("" = none), the new last ref,
        the keeper's last ref here, as the source's reader knows it ("*" = not compared), and
        entries of nine: kind ("fact", "gauge", "silent"), event, job id, body (JSON, a fact's without the closing brace),
        snapshot (JSON), "open" or "done", the snapshot it was made from ("none" = there was none, "" = not compared), when the job was created, ms,
        what it is to its batch ("" = nothing): "<which of the batches, from 1> <status> <progress, tenths of a percent> <time in ISO 8601>"
  Returns  {"done", generation, for each audience one of
             {"ok", id of the last tail entry},
             {"moved", the last ref}: read again, something was applied meanwhile}
           {"fenced", the fence in force}: another reader has taken over
           {"lost"}: the tail has not got what was acknowledged
  Tail entry: n running number, a audience, k kind, e event, j job id (or batch id), c cursor of a fact, d data (JSON).

  A batch is a hash: `id`, `head` (the JSON of what never changes, without the closing brace), `total`, a count for each status, `sum` (of its jobs'
  progress, in tenths of a percent), `rounds` (how often it finished), `finishedAt`, and for each of its jobs `job:<id>`, "<status> <progress>". Who
  counts stands here, since its jobs wait in several queues, each with a reader of its own: which of them was the last to end is known in
  the step that tells of it, and only there. What a job is replaces what it was, so that nothing is counted twice.
]]
local tail, partition, open = unpack(KEYS, 1, 3)
local source, fence, holder, newGeneration, newEpoch, acknowledged, factsKept = unpack(ARGV, 1, 7)
local logTtl, metaTtl, doneTtl = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local ENTRY = 9
local SHARE = "^([1-9]%d*) (%a+) (%d+) (%S+)$"
-- Keys live this part longer than they have to, and are given their time anew when that is used up: not with each of a thousand facts.
local SLACK = 1 / 64

local feeds = {}
local key, arg = 4, 11
while arg <= #ARGV do
  -- No two feeds begin with the same epoch: one's cursor must not pass for another's.
  local feed = {random = newEpoch .. string.format("%02d", #feeds), first = arg + 7, isOpen = {}, changed = {}}
  local batches, entries = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  feed.audience, feed.json, feed.expected, feed.ref, feed.swept = unpack(ARGV, arg + 2, arg + 6)
  feed.log, feed.meta, feed.jobs, feed.openJobs, feed.doneJobs, feed.accepted = unpack(KEYS, key, key + 5)
  feed.batches = {unpack(KEYS, key + 6, key + 5 + batches)}
  feed.last = feed.first + entries * ENTRY - 1
  key = key + 6 + batches
  arg = feed.last + 1
  feeds[#feeds + 1] = feed
end

-- A script that fails is not undone: what has the wrong type, or makes no sense, has to stop it before its first write. What a call will touch is told
-- from what it brings: most of what is said is progress of a job that is open, and each command costs as much as the next. Returns what makes no sense.
local function look(feed)
  local tells, keeps, settles = false, false, false
  for i = feed.first, feed.last, ENTRY do
    local jobId, share = ARGV[i + 2], ARGV[i + 8]
    if ARGV[i] == "fact" then tells = true end
    if ARGV[i + 4] ~= "" then
      keeps = true
      if feed.isOpen[jobId] == nil then feed.isOpen[jobId] = redis.call("ZSCORE", feed.openJobs, jobId) ~= false end
      if ARGV[i + 5] ~= "open" or not feed.isOpen[jobId] then settles = true end
    end
    local nth = string.match(share, SHARE)
    if share ~= "" and not (nth and feed.batches[tonumber(nth)]) then return "no share of a batch: " .. share end
  end
  for _, hash in ipairs(feed.batches) do redis.call("HLEN", hash) end
  -- What is last of a batch is told as a fact.
  if tells or #feed.batches > 0 then redis.call("XLEN", feed.log) end
  if keeps then redis.call("HLEN", feed.jobs) end
  if keeps and (tells or settles) then
    for _, zset in ipairs({feed.doneJobs, feed.accepted}) do redis.call("ZCARD", zset) end
  end
  local last, swept, random, seq, renewed = unpack(
    redis.call("HMGET", feed.meta, "ref:" .. source, "ref:keeper", "epoch", "seq", "renewedAt"))
  feed.tidies = keeps and (tells or settles)
  feed.isNew = not random
  feed.random = random or feed.random
  feed.seq = tonumber(seq or 0)
  feed.renewedAt = tonumber(renewed or 0)
  feed.was = last or ""
  feed.isMoved = feed.was ~= feed.expected or (feed.swept ~= "*" and feed.swept ~= (swept or ""))
  for i = feed.first, feed.last, ENTRY do
    local madeFrom = ARGV[i + 6]
    if madeFrom ~= "" and (redis.call("HGET", feed.jobs, ARGV[i + 2]) or "none") ~= madeFrom then feed.isMoved = true end
  end
end

redis.call("XLEN", tail)
redis.call("ZCARD", open)
local inForce, generation, n = unpack(redis.call("HMGET", partition, "fence:" .. source, "generation", "count"))
for _, feed in ipairs(feeds) do
  local problem = look(feed)
  if problem then return redis.error_reply("ERR " .. problem) end
end

-- use is-lost
-- Nothing may be numbered by a primary that has lost what was acknowledged, before that was looked into.
if isLost(tail, acknowledged) then return {"lost"} end

local mine = fence .. " " .. holder
if inForce ~= mine then
  local number = tonumber(inForce and string.match(inForce, "^%d+") or 0)
  if number >= tonumber(fence) then return {"fenced", tostring(number)} end
  redis.call("HSET", partition, "fence:" .. source, mine)
end

if not generation then
  generation = newGeneration
  redis.call("HSET", partition, "generation", generation)
end
n = tonumber(n or 0)
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function keep(feed, jobId, snapshot, state, createdAt)
  redis.call("HSET", feed.jobs, jobId, snapshot)
  local member = feed.audience .. "\n" .. jobId
  if state == "open" then
    redis.call("ZADD", open, now, member)
    if not feed.isOpen[jobId] then
      redis.call("ZADD", feed.openJobs, createdAt, jobId)
      redis.call("ZREM", feed.doneJobs, jobId)
      redis.call("ZREM", feed.accepted, jobId)
    end
  else
    redis.call("ZREM", feed.openJobs, jobId)
    redis.call("ZREM", feed.accepted, jobId)
    redis.call("ZADD", feed.doneJobs, now, jobId)
    redis.call("ZREM", open, member)
  end
  feed.isOpen[jobId] = state == "open"
end

local function tell(feed, kind, event, jobId, body)
  local cursor = ""
  if kind == "fact" then
    feed.seq = feed.seq + 1
    feed.tells = true
    cursor = string.format("%s.%s-%d", generation, feed.random, feed.seq)
    body = body .. ',"feed":' .. feed.json .. ',"cursor":"' .. cursor .. '"}'
    redis.call("XADD", feed.log, "MAXLEN", "~", factsKept, string.format("%d-0", feed.seq), "e", event, "j", jobId, "d", body)
  end
  n = n + 1
  feed.id = redis.call("XADD", tail, "*", "n", string.format("%d", n), "a", feed.audience, "k", kind, "e", event, "j", jobId, "c", cursor, "d", body)
end

local function show(batch, status, finishedAt)
  local names = {"queued", "processing", "completed", "failed", "cancelled"}
  local values = redis.call("HMGET", batch, "id", "head", "total", "sum", unpack(names))
  local id, head, total, sum = unpack(values)
  local counts = {}
  for i, name in ipairs(names) do counts[i] = string.format('"%s":%d', name, values[4 + i] or 0) end
  return id, string.format('%s,"counts":{%s},"progress":%s,"status":"%s","finishedAt":%s',
    head, table.concat(counts, ","), tostring(math.floor(sum / total) / 10), status, finishedAt)
end

local function finish(feed, batch, at)
  local rounds = redis.call("HINCRBY", batch, "rounds", 1)
  redis.call("HSET", batch, "finishedAt", at)
  redis.call("PEXPIRE", batch, doneTtl)
  local batchId, body = show(batch, "finished", '"' .. at .. '"')
  tell(feed, "fact", "batch-finished", batchId, string.format('%s,"at":"%s","eventId":"batch:%s:%d"', body, at, batchId, rounds))
end

-- A job of it was put back in line.
local function reopen(batch)
  redis.call("HDEL", batch, "finishedAt")
  redis.call("PERSIST", batch)
end

local function count(feed, share, jobId)
  local nth, status, tenths, at = string.match(share, SHARE)
  local batch = feed.batches[tonumber(nth)]
  local known = redis.call("HGET", batch, "job:" .. jobId)
  local is = status .. " " .. tenths
  if not known or known == is then return end
  local oldStatus, old = string.match(known, "^(%a+) (%d+)$")
  redis.call("HSET", batch, "job:" .. jobId, is)
  redis.call("HINCRBY", batch, oldStatus, -1)
  redis.call("HINCRBY", batch, status, 1)
  redis.call("HINCRBY", batch, "sum", tenths - old)
  feed.changed[batch] = true
  local queued, processing, finishedAt = unpack(redis.call("HMGET", batch, "queued", "processing", "finishedAt"))
  local isOver = queued + processing == 0
  if isOver and not finishedAt then finish(feed, batch, at) end
  if finishedAt and not isOver then reopen(batch) end
end

-- Snapshots of open jobs never expire; those of finished ones go with the last of them.
local function tidy(feed)
  local stale = redis.call("ZRANGEBYSCORE", feed.doneJobs, "-inf", now - doneTtl, "LIMIT", 0, 20)
  if #stale > 0 then
    redis.call("HDEL", feed.jobs, unpack(stale))
    redis.call("ZREM", feed.doneJobs, unpack(stale))
  end
  if redis.call("ZCARD", feed.openJobs) == 0 then
    redis.call("PEXPIRE", feed.jobs, doneTtl)
    redis.call("PEXPIRE", feed.doneJobs, doneTtl)
  else
    redis.call("PERSIST", feed.jobs)
    redis.call("PERSIST", feed.doneJobs)
  end
end

local function renew(feed)
  if feed.tells and now - feed.renewedAt > logTtl * SLACK then
    redis.call("HSET", feed.meta, "renewedAt", string.format("%d", now))
    redis.call("PEXPIRE", feed.meta, math.ceil(metaTtl * (1 + SLACK)))
    redis.call("PEXPIRE", feed.log, math.ceil(logTtl * (1 + SLACK)))
  elseif feed.isNew then
    redis.call("PEXPIRE", feed.meta, metaTtl)
  end
end

local function apply(feed)
  if feed.isMoved then return {"moved", feed.was} end
  for i = feed.first, feed.last, ENTRY do
    local kind, event, jobId, body, snapshot, state = unpack(ARGV, i, i + 5)
    if snapshot ~= "" then keep(feed, jobId, snapshot, state, ARGV[i + 7]) end
    if kind ~= "silent" then tell(feed, kind, event, jobId, body) end
    if ARGV[i + 8] ~= "" then count(feed, ARGV[i + 8], jobId) end
  end
  -- Nodes let one a second through, so that one for each call is enough.
  for batch in pairs(feed.changed) do
    local batchId, body = show(batch, "open", "null")
    if not redis.call("HGET", batch, "finishedAt") then tell(feed, "gauge", "batch-progress", batchId, body .. "}") end
  end
  redis.call("HSET", feed.meta, "epoch", feed.random, "seq", string.format("%d", feed.seq), "ref:" .. source, feed.ref)
  if feed.tidies then tidy(feed) end
  renew(feed)
  return {"ok", feed.id or ""}
end

local answers = {}
for i, feed in ipairs(feeds) do answers[i] = apply(feed) end
redis.call("HSET", partition, "count", string.format("%d", n))
return {"done", generation, unpack(answers)}
