--[[
  Which of an owner's jobs Redis knows, and where the feed stands that has told of them. All of one instant, since jobs go from one list to another
  meanwhile, and back.

  KEYS  1 partition  2 meta  3 accepted  4 open jobs  5 done jobs
  ARGV  1 accepted and 1 open ones wanted, newest first  2 not created after this, ms ("" = all); those of this very ms come on top of the number wanted
        3 ended since, ms  4 of these wanted, latest first
  Returns  generation or false, {epoch or false, seq or false} or false, accepted ids, open ids, ended ids
]]
local partition, meta, accepted, open, done = unpack(KEYS)
local wanted, created = ARGV[1], ARGV[2]

-- What cannot be read of the feed keeps nobody from reading its jobs.
local function unlessBroken(answer)
  return not (type(answer) == "table" and answer.err) and answer
end

local function newest(jobs)
  if created == "" then return redis.call("ZREVRANGE", jobs, 0, tonumber(wanted) - 1) end
  local ids = redis.call("ZRANGEBYSCORE", jobs, created, created)
  for _, id in ipairs(redis.call("ZREVRANGEBYSCORE", jobs, "(" .. created, "-inf", "LIMIT", 0, wanted)) do
    ids[#ids + 1] = id
  end
  return ids
end

return {
  unlessBroken(redis.pcall("HGET", partition, "generation")),
  unlessBroken(redis.pcall("HMGET", meta, "epoch", "seq")),
  newest(accepted),
  newest(open),
  redis.call("ZREVRANGEBYSCORE", done, "+inf", ARGV[3], "LIMIT", 0, ARGV[4]),
}
