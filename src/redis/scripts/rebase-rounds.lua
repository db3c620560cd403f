--[[
  Moves all rounds of a queue down, since BullMQ's priorities end at 2,097,151. The order of jobs stays: rounds that were served already are
  counted anew from 1, those to come follow at their old distances.

  KEYS  1 wait  2 active  3 prioritized  4 delayed  5 rounds  6 turns
  ARGV  1 prefix of job keys  2 the priority that stands for no round yet  3 the round above which it is done
  Returns  the highest round given out so far
]]
local wait, active, prioritized, delayed, rounds, turns = unpack(KEYS)
local prefix, none = ARGV[1], tonumber(ARGV[2])
local SHIFT = 0x100000000
local served = tonumber(redis.call("HGET", rounds, "served") or 0)
local top = tonumber(redis.call("HGET", rounds, "top") or 0)
-- Somebody else was first.
if top <= tonumber(ARGV[3]) then return top end

local line = redis.call("ZRANGE", prioritized, 0, -1, "WITHSCORES")
local roundOf, old, isKnown = {}, {}, {}
local nextUp
local function note(id, round)
  if round < 1 or round >= none then return end
  roundOf[id] = round
  if isKnown[round] then return end
  isKnown[round] = true
  old[#old + 1] = round
end

for i = 1, #line, 2 do
  local round = math.floor(tonumber(line[i + 1]) / SHIFT)
  if not nextUp and round > served and round < none then nextUp = round end
  note(line[i], round)
end
served = nextUp and nextUp - 1 or top
-- Those elsewhere take their place by what their hashes say when they come back.
for _, ids in ipairs({redis.call("LRANGE", wait, 0, -1), redis.call("LRANGE", active, 0, -1), redis.call("ZRANGE", delayed, 0, -1)}) do
  for _, id in ipairs(ids) do note(id, tonumber(redis.call("HGET", prefix .. id, "priority") or 0)) end
end

table.sort(old)
local anew, base = {}, 0
for i, round in ipairs(old) do
  if round > served then break end
  anew[round] = i
  base = i
end
local function rebase(round) return anew[round] or round - served + base end

for id, round in pairs(roundOf) do redis.call("HSET", prefix .. id, "priority", rebase(round)) end
for i = 1, #line, 2 do
  local id, score = line[i], tonumber(line[i + 1])
  local round = roundOf[id]
  if round then redis.call("ZADD", prioritized, "XX", rebase(round) * SHIFT + (score - round * SHIFT), id) end
end

redis.call("ZREMRANGEBYSCORE", turns, "-inf", served)
local owners = redis.call("ZRANGE", turns, 0, -1, "WITHSCORES")
for i = 1, #owners, 2 do redis.call("ZADD", turns, rebase(tonumber(owners[i + 1])), owners[i]) end
top = top - served + base
redis.call("HSET", rounds, "served", base, "top", top)
return top
