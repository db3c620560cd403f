--[[
  Gives a lease back, if it is still held.   KEYS 1 lease   ARGV 1 holder   Returns 1 or 0
]]
if redis.call("HGET", KEYS[1], "holder") ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])
