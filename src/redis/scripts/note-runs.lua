--[[
  Keeps how long jobs of a queue took lately, and how long they waited.

  KEYS  1 durations (hash: size class, or "all" -> the latest, in ms, newest last)  2 waits (hash: `<minute>:n`, `<minute>:ms`)
  ARGV  1 how many durations are kept of a class, 2 ttl of durations, ms  3 minutes for which waits are kept
        4… triples: "took", size class, ms; or "waited", minute, ms
]]
local durations, waits = unpack(KEYS)
local kept, ttl, minutes = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local newest = 0

local function took(class, ms)
  local list = {}
  for number in string.gmatch(redis.call("HGET", durations, class) or "", "%d+") do list[#list + 1] = number end
  list[#list + 1] = ms
  local from = math.max(1, #list - kept + 1)
  redis.call("HSET", durations, class, table.concat(list, " ", from))
end

for i = 4, #ARGV, 3 do
  local kind, value, ms = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if kind == "took" then
    took(value, ms)
    took("all", ms)
    redis.call("PEXPIRE", durations, ttl)
  else
    newest = math.max(newest, tonumber(value))
    redis.call("HINCRBY", waits, value .. ":n", 1)
    redis.call("HINCRBY", waits, value .. ":ms", ms)
  end
end

if newest > 0 then
  redis.call("PEXPIRE", waits, minutes * 60000)
  for _, field in ipairs(redis.call("HKEYS", waits)) do
    if tonumber(string.match(field, "^%d+")) <= newest - minutes then redis.call("HDEL", waits, field) end
  end
end
