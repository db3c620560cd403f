--[[
  Gives up the right to write an upload, if it is still held.   KEYS 1 lock   ARGV 1 holder   Returns 1 or 0
]]
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])
