--[[
  Says "still alive" in a partition's tail, and trims the tail by time, and by size when a flood comes faster.

  KEYS  1 tail  2 partition
  ARGV  1 fence  2 holder  3 how long an entry is kept, ms  4 bytes at most  5 generation to begin with
        6 an entry of the tail that was acknowledged ("" = none)
  Returns  {"ok", id, generation, the generation whose losses were made up for ("" = none yet)} or {"fenced", the fence in force}
           or {"lost"}: the tail has not got what was acknowledged
]]
local tail, partition = unpack(KEYS)

-- use is-lost
-- Nothing may be numbered by a primary that has lost what was acknowledged, before that was looked into.
if isLost(tail, ARGV[6]) then return {"lost"} end

local inForce = redis.call("HGET", partition, "fence:keeper")
local mine = ARGV[1] .. " " .. ARGV[2]
if inForce ~= mine then
  local number = tonumber(inForce and string.match(inForce, "^%d+") or 0)
  if number >= tonumber(ARGV[1]) then return {"fenced", tostring(number)} end
  redis.call("HSET", partition, "fence:keeper", mine)
end
redis.call("HSETNX", partition, "generation", ARGV[5])
local generation = redis.call("HGET", partition, "generation")
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("XTRIM", tail, "MINID", "~", string.format("%d-0", now - tonumber(ARGV[3])))
local bytes = redis.call("MEMORY", "USAGE", tail, "SAMPLES", 5) or 0
if bytes > tonumber(ARGV[4]) then
  redis.call("XTRIM", tail, "MAXLEN", "~", math.floor(redis.call("XLEN", tail) * tonumber(ARGV[4]) / bytes))
end
local n = redis.call("HINCRBY", partition, "count", 1)
local id = redis.call("XADD", tail, "*", "n", n, "a", "", "k", "heartbeat", "e", "", "j", "", "c", "", "d", generation)
return {"ok", id, generation, redis.call("HGET", partition, "settled") or ""}
