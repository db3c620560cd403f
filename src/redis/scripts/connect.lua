--[[
  Counts a connection in, unless its user has too many over all nodes. Entries not renewed for a while belong to nodes that died.

  KEYS  1 connections
  ARGV  1 connection  2 at most  3 how long an entry counts without renewal, ms
  Returns  1 counted in, 0 too many
]]
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - tonumber(ARGV[3]))
if not redis.call("ZSCORE", KEYS[1], ARGV[1]) and redis.call("ZCARD", KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call("ZADD", KEYS[1], now, ARGV[1])
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return 1
