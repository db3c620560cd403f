--[[
  Takes or renews the right to write an upload.

  KEYS  1 lock  2 wanted
  ARGV  1 holder  2 ttl, ms  3 for how long the holder is told that somebody waits, ms
  Returns  1 held, 2 held while somebody waits for it, 0 somebody else's, who is told
]]
local holder = redis.call("GET", KEYS[1])
if holder and holder ~= ARGV[1] then
  redis.call("SET", KEYS[2], "1", "PX", ARGV[3])
  return 0
end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
if holder then return redis.call("EXISTS", KEYS[2]) + 1 end
redis.call("DEL", KEYS[2])
return 1
