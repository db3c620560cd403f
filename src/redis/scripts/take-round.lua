--[[
  Gives each job that has no round yet its round, which is its priority: the one after its owner's last round, or the one being served
  when that is later. A job that is delayed takes its round when it is due.

  KEYS  1 prioritized  2 delayed  3 priority counter  4 rounds  5 turns
  ARGV  1 prefix of job keys  2 the priority that stands for no round yet  3… pairs of job id and owner
  Returns  the highest round given out so far
]]
local prioritized, delayed, counter, rounds, turns = unpack(KEYS)
local prefix, none = ARGV[1], tonumber(ARGV[2])
-- How BullMQ makes a score of a priority and a running number.
local SHIFT = 0x100000000
local served = tonumber(redis.call("HGET", rounds, "served") or 0)
local top = tonumber(redis.call("HGET", rounds, "top") or 0)

-- It only grows: an old job that came back to the head of the line must not turn it back.
local function advance()
  local from, to = string.format("%.0f", (served + 1) * SHIFT), string.format("(%.0f", none * SHIFT)
  local nextUp = redis.call("ZRANGEBYSCORE", prioritized, from, to, "WITHSCORES", "LIMIT", 0, 1)
  served = nextUp[2] and math.floor(tonumber(nextUp[2]) / SHIFT) - 1 or top
end

for i = 3, #ARGV, 2 do
  local id, owner = ARGV[i], ARGV[i + 1]
  local job = prefix .. id
  if tonumber(redis.call("HGET", job, "priority") or 0) == none and not redis.call("ZSCORE", delayed, id) then
    advance()
    local last = tonumber(redis.call("ZSCORE", turns, owner) or 0)
    local round = math.max(served, last) + 1
    top = math.max(top, round)
    redis.call("ZADD", turns, round, owner)
    redis.call("HSET", job, "priority", round)
    -- A worker may have taken it already; the round is then for the next attempt.
    if redis.call("ZSCORE", prioritized, id) then
      local number = redis.call("INCR", counter) % SHIFT
      redis.call("ZADD", prioritized, "XX", round * SHIFT + number, id)
    end
  end
end

redis.call("ZREMRANGEBYSCORE", turns, "-inf", served)
redis.call("HSET", rounds, "served", served, "top", top)
return top
