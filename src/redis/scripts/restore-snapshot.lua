--[[
  Gives an audience back the snapshot of a job that ended so long ago that only the history has it: what comes next of the job is told from there.

  KEYS  1 jobs  2 done jobs
  ARGV  1 job id  2 snapshot (JSON)  3 how long both keys are kept at least, ms
  Returns  1, or 0 when there is a snapshot already
]]
local jobs, done = KEYS[1], KEYS[2]
local isNew = redis.call("EXISTS", jobs) == 0
if redis.call("HSETNX", jobs, ARGV[1], ARGV[2]) == 0 then return 0 end
local time = redis.call("TIME")
redis.call("ZADD", done, time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
-- Without an expiry they are kept for an open job of the audience.
for _, key in ipairs(KEYS) do
  local ttl = redis.call("PTTL", key)
  if (isNew or ttl >= 0) and ttl < tonumber(ARGV[3]) then redis.call("PEXPIRE", key, ARGV[3]) end
end
return 1
