--[[
  Says that an upload is in use, unless it is gone.   KEYS 1 upload   ARGV 1 now, ms since 1970   Returns 1 or 0
]]
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
redis.call("HSET", KEYS[1], "usedAt", ARGV[1])
return 1
