--[[
  Ends a job that waits for the one before it, and says why: BullMQ ends only what a worker has in hand, and gives no reason for a job that is removed. Feeds and
  history read the event as one of BullMQ's own. A job that was let go, or added anew, since it was found is another one, and stays.

  KEYS  1 job  2 delayed  3 events
  ARGV  1 job id  2, 3 its `timestamp` and `delay`, as found  4 why, as BullMQ's `failedReason`
  Returns  1, or 0 when it does not wait any more
  Events  failed
]]
local job, delayed, events = unpack(KEYS)
local timestamp, delay = unpack(redis.call("HMGET", job, "timestamp", "delay"))
if not timestamp or tonumber(timestamp) ~= tonumber(ARGV[2]) or tonumber(delay) ~= tonumber(ARGV[3]) then return 0 end
if redis.call("ZREM", delayed, ARGV[1]) == 0 then return 0 end
redis.call("DEL", job)
redis.call("XADD", events, "*", "event", "failed", "jobId", ARGV[1], "failedReason", ARGV[4], "prev", "delayed")
return 1
