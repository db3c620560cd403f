--[[
  Notes up to where a source was read, for as long as the lease is held and nobody has moved the place meanwhile.

  KEYS  1 lease  2 place
  ARGV  1 holder  2 fence  3 the place it was read from ("" = none was noted)  4 the new place
  Returns  1, or 0 when the lease was lost or the place moved
]]
local lease = redis.call("HMGET", KEYS[1], "holder", "fence")
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 0 end
if (redis.call("GET", KEYS[2]) or "") ~= ARGV[3] then return 0 end
redis.call("SET", KEYS[2], ARGV[4])
return 1
