-- Whether a tail has lost an entry that it had: one that is not there, and was not trimmed by age.
local function isLost(tail, mark)
  if mark == "" or #redis.call("XRANGE", tail, mark, mark) == 1 then return false end
  local first = redis.call("XRANGE", tail, "-", "+", "COUNT", 1)[1]
  if not first then return true end
  local time, count = string.match(first[1], "^(%d+)%-(%d+)$")
  local wantedTime, wantedCount = string.match(mark, "^(%d+)%-(%d+)$")
  time, count, wantedTime, wantedCount = tonumber(time), tonumber(count), tonumber(wantedTime), tonumber(wantedCount)
  return wantedTime > time or (wantedTime == time and wantedCount > count)
end
