--[[
  Where jobs stand in a queue. BullMQ takes what returned to `wait` first, from its right end, then the prioritized by their scores.

  KEYS  1 wait  2 active  3 prioritized  4 delayed  5 meta  6 limiter
  ARGV  job ids
  Returns  how many wait, how many are active, 1 when paused, for how many ms a rate limit holds, and for each job its position (0 = not
           in line) and when its delay is over, in ms (0 = not delayed)
]]
local wait, active, prioritized, delayed, meta, limiter = unpack(KEYS)
local ahead = redis.call("LLEN", wait)
local settings = redis.call("HMGET", meta, "paused", "max")
-- Without a limit of the queue's own the key counts for a worker's, and only what a worker was told by a service fills it.
local limit = tonumber(settings[2] or 2 ^ 52)
local used = tonumber(redis.call("GET", limiter) or 0)
local limited = used >= limit and math.max(redis.call("PTTL", limiter), 0) or 0

local answer = {ahead + redis.call("ZCARD", prioritized), redis.call("LLEN", active), settings[1] and 1 or 0, limited}
for _, id in ipairs(ARGV) do
  local position, due = 0, 0
  local rank = redis.call("ZRANK", prioritized, id)
  if rank then
    position = ahead + rank + 1
  else
    local place = ahead > 0 and redis.call("LPOS", wait, id)
    if place then
      position = ahead - place
    else
      local score = redis.call("ZSCORE", delayed, id)
      if score then due = math.floor(tonumber(score) / 4096) end
    end
  end
  answer[#answer + 1] = position
  answer[#answer + 1] = due
end
return answer
