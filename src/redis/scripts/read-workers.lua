--[[
  The worker processes that are alive; those not heard for too long are forgotten.

  KEYS  1 workers  2 pulses
  ARGV  1 after how many ms without a pulse a worker is dead
  Returns  pairs: what each says of itself (JSON), when it was last heard (ms)
]]
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local dead = redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", now - tonumber(ARGV[1]))
if #dead > 0 then
  redis.call("HDEL", KEYS[1], unpack(dead))
  redis.call("ZREM", KEYS[2], unpack(dead))
end
local answer = {}
local alive = redis.call("ZRANGE", KEYS[2], 0, -1, "WITHSCORES")
for i = 1, #alive, 2 do
  answer[#answer + 1] = redis.call("HGET", KEYS[1], alive[i]) or "{}"
  answer[#answer + 1] = alive[i + 1]
end
return answer
