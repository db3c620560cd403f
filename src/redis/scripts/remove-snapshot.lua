--[[
  Forgets a finished job of an audience.   KEYS 1 jobs  2 done jobs   ARGV 1 job id   Returns 1, or 0 when it is not finished
]]
if not redis.call("ZSCORE", KEYS[2], ARGV[1]) then return 0 end
redis.call("ZREM", KEYS[2], ARGV[1])
redis.call("HDEL", KEYS[1], ARGV[1])
return 1
