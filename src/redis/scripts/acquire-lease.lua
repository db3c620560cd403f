--[[
  Takes or renews the right to be a source's one reader.

  KEYS  1 lease  2 fence
  ARGV  1 holder  2 ttl, ms  3 the fence that the new one must exceed
  Returns  the fence held, or 0 while somebody else holds the lease
]]
local holder = redis.call("HGET", KEYS[1], "holder")
if holder and holder ~= ARGV[1] then return 0 end
if holder then
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
  return tonumber(redis.call("HGET", KEYS[1], "fence"))
end
local fence = math.max(tonumber(redis.call("GET", KEYS[2]) or 0), tonumber(ARGV[3])) + 1
redis.call("SET", KEYS[2], string.format("%d", fence))
redis.call("HSET", KEYS[1], "holder", ARGV[1], "fence", string.format("%d", fence))
redis.call("PEXPIRE", KEYS[1], ARGV[2])
return fence
