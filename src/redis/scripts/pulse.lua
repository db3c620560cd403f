--[[
  Says that a worker process is alive. By the clock of Redis: those of processes differ.

  KEYS  1 workers (hash: id -> what it says of itself)  2 pulses (zset: id by when it was last heard, ms)
  ARGV  1 id  2 what it says of itself (JSON)
]]
local time = redis.call("TIME")
redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
redis.call("ZADD", KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
