--[[
  Writes a batch down before its jobs exist; `append.lua` says what is in it, and counts. One that is there already is left alone.

  KEYS  1 batch
  ARGV  1 its id  2 head (JSON, without the closing brace)  3… ids of its jobs
  Returns  1, or 0 when it was there
]]
if redis.call("EXISTS", KEYS[1]) == 1 then return 0 end
local total = #ARGV - 2
redis.call("HSET", KEYS[1], "id", ARGV[1], "head", ARGV[2], "total", total, "queued", total, "processing", 0, "sum", 0)
for i = 3, #ARGV do redis.call("HSET", KEYS[1], "job:" .. ARGV[i], "queued 0") end
return 1
