--[[
  Moves the place of a source back, so that what was lost behind it is read again. What was not lost is refused by its refs.

  KEYS  1 place
  ARGV  1 the place to go back to: ms since 1970
  Returns  1 moved, 0 it was further back already
]]
local place = redis.call("GET", KEYS[1])
if not place or tonumber(string.match(place, "^%d+")) <= tonumber(ARGV[1]) then return 0 end
redis.call("SET", KEYS[1], ARGV[1] .. "-0")
return 1
