--[[
  One page of an audience's log, its newest snapshots, and the place in the tail that both belong to.

  KEYS  1 tail  2 partition  3 log  4 meta  5 jobs  6 open jobs
  ARGV  1 generation, 2 epoch: random parts to begin with  3 epoch of the cursor ("" = no cursor), 4 its seq
        5 facts a page, 6 bytes after which it is full  7 open jobs wanted, newest first  8 a job wanted ("" = none)
        9 ttl of meta, ms
  Returns  epoch, seq, status ("ok", "none" without a cursor, "epoch", "unknown", "expired"), id of the tail's last entry,
           page of {seq, event, job id, data}, count of open jobs, open snapshots (JSON), the wanted job's snapshot or false
]]
local tail, partition, log, meta, jobs, openJobs = unpack(KEYS)
redis.call("HSETNX", partition, "generation", ARGV[1])
redis.call("HSETNX", meta, "epoch", ARGV[2])
redis.call("PEXPIRE", meta, ARGV[9])
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
  -- By twenties, since a page of the largest facts is full after a few.
  local last, bytes = from, 0
  repeat
    local facts = redis.call("XRANGE", log, string.format("(%d-0", last), "+", "COUNT", 20)
    if #facts == 0 or facts[1][1] ~= string.format("%d-0", last + 1) then
      if #page == 0 then status = "expired" end
      break
    end
    for _, fact in ipairs(facts) do
      local fields = fact[2]
      last = tonumber(string.match(fact[1], "^%d+"))
      page[#page + 1] = {tostring(last), fields[2], fields[4], fields[6]}
      bytes = bytes + #fields[6]
      if bytes >= tonumber(ARGV[6]) or #page >= tonumber(ARGV[5]) then break end
    end
  until last >= seq or bytes >= tonumber(ARGV[6]) or #page >= tonumber(ARGV[5])
end

local newest = redis.call("XREVRANGE", tail, "+", "-", "COUNT", 1)
local openCount = redis.call("ZCARD", openJobs)
local open = {}
if tonumber(ARGV[7]) > 0 and openCount > 0 then
  local ids = redis.call("ZRANGE", openJobs, 0, tonumber(ARGV[7]) - 1, "REV")
  open = redis.call("HMGET", jobs, unpack(ids))
end
local wanted = ARGV[8] ~= "" and redis.call("HGET", jobs, ARGV[8]) or false
return {epoch, tostring(seq), status, newest[1] and newest[1][1] or "0-0", page, openCount, open, wanted}
