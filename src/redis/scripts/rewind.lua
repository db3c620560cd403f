--[[
  Moves the place of a source back, so that what was lost behind it is read again. What was not lost is refused by its refs.

  KEYS  1 place  2 event stream
  ARGV  1 the time to go back to, ms since 1970: the place is the last entry before it, or the very first place
  Returns  1 moved, 0 it was further back already
]]
local place = redis.call("GET", KEYS[1])
if not place or tonumber(string.match(place, "^%d+")) < tonumber(ARGV[1]) then return 0 end
local last = redis.call("XREVRANGE", KEYS[2], string.format("(%s-0", ARGV[1]), "-", "COUNT", 1)[1]
redis.call("SET", KEYS[1], last and last[1] or "0-0")
return 1
