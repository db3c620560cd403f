--[[
  One page of an audience's log, its newest snapshots, and the place in the tail that both belong to.

  KEYS  1 tail  2 partition  3 log  4 meta  5 jobs  6 open jobs
  ARGV  1 generation, 2 epoch: random parts to begin with  3 epoch of the cursor ("" = no cursor), 4 its seq
        5 facts a page  6 open jobs wanted, newest first  7 a job wanted ("" = none)  8 ttl of meta, ms
  Returns  epoch, seq, status ("ok", "none" without a cursor, "epoch", "unknown", "expired"), id of the tail's last entry,
           page of {seq, event, job id, data}, count of open jobs, open snapshots (JSON), the wanted job's snapshot or false
]]
local tail, partition, log, meta, jobs, openJobs = unpack(KEYS)
redis.call("HSETNX", partition, "generation", ARGV[1])
redis.call("HSETNX", meta, "epoch", ARGV[2])
redis.call("PEXPIRE", meta, ARGV[8])
local epoch = redis.call("HGET", partition, "generation") .. "." .. redis.call("HGET", meta, "epoch")
local seq = tonumber(redis.call("HGET", meta, "seq") or 0)

local status, page = "ok", {}
local from = tonumber(ARGV[4])
if ARGV[3] == "" then
  status = "none"
elseif ARGV[3] ~= epoch then
  status = "epoch"
elseif from > seq then
  status = "unknown"
elseif from < seq then
  local facts = redis.call("XRANGE", log, string.format("(%d-0", from), "+", "COUNT", ARGV[5])
  if #facts == 0 or facts[1][1] ~= string.format("%d-0", from + 1) then
    status = "expired"
  else
    for i, fact in ipairs(facts) do
      local fields = fact[2]
      page[i] = {string.match(fact[1], "^%d+"), fields[2], fields[4], fields[6]}
    end
  end
end

local newest = redis.call("XREVRANGE", tail, "+", "-", "COUNT", 1)
local openCount = redis.call("ZCARD", openJobs)
local open = {}
if tonumber(ARGV[6]) > 0 and openCount > 0 then
  local ids = redis.call("ZRANGE", openJobs, 0, tonumber(ARGV[6]) - 1, "REV")
  open = redis.call("HMGET", jobs, unpack(ids))
end
local wanted = ARGV[7] ~= "" and redis.call("HGET", jobs, ARGV[7]) or false
return {epoch, tostring(seq), status, newest[1] and newest[1][1] or "0-0", page, openCount, open, wanted}
