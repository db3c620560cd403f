--[[
  Notes that what a generation had lost was told again.   KEYS 1 partition   ARGV 1 the generation   Returns 1, or 0 when there is a later one
]]
if redis.call("HGET", KEYS[1], "generation") ~= ARGV[1] then return 0 end
redis.call("HSET", KEYS[1], "settled", ARGV[1])
return 1
