--[[
  Gives one job that waits in a BullMQ queue to whoever asks for it by its id, as BullMQ's own script does with the next in line.

  KEYS  1 wait  2 prioritized  3 delayed  4 active  5 stalled  6 events  7 meta  8 job  9 lock of the job
  ARGV  1 job id  2 token of the lock  3 how long it lasts, ms  4 now, ms
  Returns  "claimed" (also when the token has it already), "taken" by another, "delayed", "paused", or "over" when it has ended or is gone
  Events  active; before it waiting, when the job was delayed and is due
]]
local wait, prioritized, delayed, active, stalled, events, meta, job, lock = unpack(KEYS)
local id, token, lease, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

if redis.call("EXISTS", job) == 0 or redis.call("HEXISTS", job, "finishedOn") == 1 then return "over" end
if redis.call("GET", lock) == token then return "claimed" end

-- BullMQ keeps the time in the upper bits of the score.
local due = redis.call("ZSCORE", delayed, id)
if due and math.floor(tonumber(due) / 0x1000) > now then return "delayed" end
if redis.call("HEXISTS", meta, "paused") == 1 then return "paused" end

if due then
  redis.call("ZREM", delayed, id)
  redis.call("HSET", job, "delay", 0)
  redis.call("XADD", events, "*", "event", "waiting", "jobId", id, "prev", "delayed")
elseif redis.call("LREM", wait, 1, id) == 0 and redis.call("ZREM", prioritized, id) == 0 then
  return "taken"
end

redis.call("LPUSH", active, id)
redis.call("SREM", stalled, id)
redis.call("SET", lock, token, "PX", lease)
redis.call("HSET", job, "processedOn", ARGV[4], "pb", token)
redis.call("HINCRBY", job, "ats", 1)
redis.call("XADD", events, "*", "event", "active", "jobId", id, "prev", "waiting")
return "claimed"
