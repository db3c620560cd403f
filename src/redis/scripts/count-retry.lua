--[[
  Counts a manual retry, unless somebody else counted one meanwhile, and drops the cancel request of the run before.

  KEYS  1 job
  ARGV  1 the retry count seen
  Returns  the new count, or 0 when it was another one by now or the job is gone
]]
if redis.call("HEXISTS", KEYS[1], "record") == 0 then return 0 end
if (redis.call("HGET", KEYS[1], "retries") or "0") ~= ARGV[1] then return 0 end
local time = redis.call("TIME")
redis.call("HSET", KEYS[1], "retriedAt", time[1] * 1000 + math.floor(time[2] / 1000))
redis.call("HDEL", KEYS[1], "cancel")
redis.call("PERSIST", KEYS[1])
return redis.call("HINCRBY", KEYS[1], "retries", 1)
