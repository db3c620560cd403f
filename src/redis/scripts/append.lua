--[[
  Applies one source's events to one audience: checks, snapshots, numbers, stores and tells them in one step, so that log, tail and
  snapshots cannot disagree.

  KEYS  1 tail  2 partition  3 log  4 meta  5 jobs  6 open jobs  7 done jobs  8 accepted  9 open (of the partition)  10… batches
  ARGV  1 source  2 fence  3 holder  4 the source's last ref here, as its reader knows it ("" = none)  5 the new last ref
        6 audience  7 the same as a JSON string  8 generation, 9 epoch: random parts to begin with
        10 facts kept  11 ttl of the log, ms  12 ttl of meta, ms  13 how long a finished job's snapshot is kept, ms
        14 an entry of the tail that was acknowledged ("" = none)
        15… entries of nine: kind ("fact", "gauge", "silent"), event, job id, body (JSON, a fact's without the closing brace),
        snapshot (JSON), "open" or "done", the snapshot it was made from ("" = not compared), when the job was created, ms,
        what it is to its batch ("" = nothing): "<which of the batches, from 1> <status> <progress, tenths of a percent> <time in ISO 8601>"
  Returns  {"ok", id of the last tail entry, epoch, seq}
           {"fenced", the fence in force}: another reader has taken over
           {"moved", the last ref}: read again, something was applied meanwhile
           {"lost"}: the tail has not got what was acknowledged
  Tail entry: n running number, a audience, k kind, e event, j job id (or batch id), c cursor of a fact, d data (JSON).

  A batch is a hash: `id`, `head` (the JSON of what never changes, without the closing brace), `total`, a count for each status, `sum` (of its jobs'
  progress, in tenths of a percent), `rounds` (how often it finished), `finishedAt`, and for each of its jobs `job:<id>`, "<status> <progress>". Who
  counts stands here, since its jobs wait in several queues, each with a reader of its own: which of them was the last to end is known in
  the step that tells of it, and only there. What a job is replaces what it was, so that nothing is counted twice.
]]
local tail, partition, log, meta, jobs, openJobs, doneJobs, accepted, open = unpack(KEYS)
local source, fence, holder, expected, ref, audience, feed = unpack(ARGV, 1, 7)

-- What this call will touch, told from what it brings: most of what is said is progress of a job that is open, and each command costs as much as the next.
local tells, keeps, settles = false, false, false
for i = 15, #ARGV, 9 do
  if ARGV[i] == "fact" then tells = true end
  if ARGV[i + 4] ~= "" then
    keeps = true
    if ARGV[i + 5] ~= "open" or not redis.call("ZSCORE", openJobs, ARGV[i + 2]) then settles = true end
  end
end
-- A script that fails is not undone: what has the wrong type has to stop it before its first write.
redis.call("XLEN", tail)
local inForce, generation, n = unpack(redis.call("HMGET", partition, "fence:" .. source, "generation", "count"))
local last, random, seq = unpack(redis.call("HMGET", meta, "ref:" .. source, "epoch", "seq"))
local batches = {unpack(KEYS, 10)}
for _, hash in ipairs(batches) do redis.call("HLEN", hash) end
-- What is last of a batch is told as a fact.
if tells or #batches > 0 then redis.call("XLEN", log) end
if keeps then
  redis.call("HLEN", jobs)
  redis.call("ZCARD", open)
end
if settles then
  for _, zset in ipairs({openJobs, doneJobs, accepted}) do redis.call("ZCARD", zset) end
end

-- use is-lost
-- Nothing may be numbered by a primary that has lost what was acknowledged, before that was looked into.
if isLost(tail, ARGV[14]) then return {"lost"} end

local mine = fence .. " " .. holder
if inForce ~= mine then
  local number = tonumber(inForce and string.match(inForce, "^%d+") or 0)
  if number >= tonumber(fence) then return {"fenced", tostring(number)} end
  redis.call("HSET", partition, "fence:" .. source, mine)
end

last = last or ""
if last ~= expected then return {"moved", last} end
local SHARE = "^([1-9]%d*) (%a+) (%d+) (%S+)$"
for i = 15, #ARGV, 9 do
  local was, share = ARGV[i + 6], ARGV[i + 8]
  local nth = string.match(share, SHARE)
  if share ~= "" and not (nth and KEYS[9 + nth]) then return redis.error_reply("ERR no share of a batch: " .. share) end
  if was ~= "" and redis.call("HGET", jobs, ARGV[i + 2]) ~= was then return {"moved", last} end
end

if not generation then
  generation = ARGV[8]
  redis.call("HSET", partition, "generation", generation)
end
if not random then
  random = ARGV[9]
  redis.call("HSET", meta, "epoch", random)
end
local epoch = generation .. "." .. random
seq, n = tonumber(seq or 0), tonumber(n or 0)
local now = 0
if keeps then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local id = ""

local function keep(jobId, snapshot, state, createdAt)
  redis.call("HSET", jobs, jobId, snapshot)
  local member = audience .. "\n" .. jobId
  if state == "open" then
    redis.call("ZADD", open, now, member)
    if redis.call("ZADD", openJobs, createdAt, jobId) == 1 then
      redis.call("ZREM", doneJobs, jobId)
      redis.call("ZREM", accepted, jobId)
    end
  else
    redis.call("ZREM", openJobs, jobId)
    redis.call("ZREM", accepted, jobId)
    redis.call("ZADD", doneJobs, now, jobId)
    redis.call("ZREM", open, member)
  end
end

local function tell(kind, event, jobId, body)
  local cursor = ""
  if kind == "fact" then
    seq = seq + 1
    cursor = epoch .. "-" .. string.format("%d", seq)
    body = body .. ',"feed":' .. feed .. ',"cursor":"' .. cursor .. '"}'
    redis.call("XADD", log, "MAXLEN", "~", ARGV[10], string.format("%d-0", seq), "e", event, "j", jobId, "d", body)
  end
  n = n + 1
  id = redis.call("XADD", tail, "*", "n", string.format("%d", n), "a", audience, "k", kind, "e", event, "j", jobId, "c", cursor, "d", body)
end

-- Those of this call whose jobs have changed.
local changed = {}

local function show(batch, status, finishedAt)
  local names = {"queued", "processing", "completed", "failed", "cancelled"}
  local values = redis.call("HMGET", batch, "id", "head", "total", "sum", unpack(names))
  local id, head, total, sum = unpack(values)
  local counts = {}
  for i, name in ipairs(names) do counts[i] = string.format('"%s":%d', name, values[4 + i] or 0) end
  return id, string.format('%s,"counts":{%s},"progress":%s,"status":"%s","finishedAt":%s',
    head, table.concat(counts, ","), tostring(math.floor(sum / total) / 10), status, finishedAt)
end

local function finish(batch, at)
  local rounds = redis.call("HINCRBY", batch, "rounds", 1)
  redis.call("HSET", batch, "finishedAt", at)
  redis.call("PEXPIRE", batch, ARGV[13])
  local batchId, body = show(batch, "finished", '"' .. at .. '"')
  tell("fact", "batch-finished", batchId, string.format('%s,"at":"%s","eventId":"batch:%s:%d"', body, at, batchId, rounds))
end

-- A job of it was put back in line.
local function reopen(batch)
  redis.call("HDEL", batch, "finishedAt")
  redis.call("PERSIST", batch)
end

local function count(share, jobId)
  local nth, status, tenths, at = string.match(share, SHARE)
  local batch = KEYS[9 + nth]
  local known = redis.call("HGET", batch, "job:" .. jobId)
  local is = status .. " " .. tenths
  if not known or known == is then return end
  local oldStatus, old = string.match(known, "^(%a+) (%d+)$")
  redis.call("HSET", batch, "job:" .. jobId, is)
  redis.call("HINCRBY", batch, oldStatus, -1)
  redis.call("HINCRBY", batch, status, 1)
  redis.call("HINCRBY", batch, "sum", tenths - old)
  changed[batch] = true
  local queued, processing, finishedAt = unpack(redis.call("HMGET", batch, "queued", "processing", "finishedAt"))
  local isOver = queued + processing == 0
  if isOver and not finishedAt then finish(batch, at) end
  if finishedAt and not isOver then reopen(batch) end
end

for i = 15, #ARGV, 9 do
  local kind, event, jobId, body, snapshot, state = unpack(ARGV, i, i + 5)
  if snapshot ~= "" then keep(jobId, snapshot, state, ARGV[i + 7]) end
  if kind ~= "silent" then tell(kind, event, jobId, body) end
  if ARGV[i + 8] ~= "" then count(ARGV[i + 8], jobId) end
end
-- Nodes let one a second through, so that one for each call is enough.
for batch in pairs(changed) do
  local batchId, body = show(batch, "open", "null")
  if not redis.call("HGET", batch, "finishedAt") then tell("gauge", "batch-progress", batchId, body .. "}") end
end

redis.call("HSET", partition, "count", string.format("%d", n))
redis.call("HSET", meta, "seq", string.format("%d", seq), "ref:" .. source, ref)
redis.call("PEXPIRE", meta, ARGV[12])
if tells or #batches > 0 then redis.call("PEXPIRE", log, ARGV[11]) end
if not (keeps and (tells or settles)) then return {"ok", id, epoch, tostring(seq)} end

local stale = redis.call("ZRANGEBYSCORE", doneJobs, "-inf", now - tonumber(ARGV[13]), "LIMIT", 0, 20)
if #stale > 0 then
  redis.call("HDEL", jobs, unpack(stale))
  redis.call("ZREM", doneJobs, unpack(stale))
end
-- Snapshots of open jobs never expire; those of finished ones go with the last of them.
if redis.call("ZCARD", openJobs) == 0 then
  redis.call("PEXPIRE", jobs, ARGV[13])
  redis.call("PEXPIRE", doneJobs, ARGV[13])
else
  redis.call("PERSIST", jobs)
  redis.call("PERSIST", doneJobs)
end
return {"ok", id, epoch, tostring(seq)}
