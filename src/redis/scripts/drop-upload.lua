--[[
  Forgets an upload, unless it was used after a time: whoever uses it then finds it gone, and not its file alone.

  KEYS  1 upload
  ARGV  1 ms since 1970
  Returns  1, or 0 when it stays
]]
local used = redis.call("HGET", KEYS[1], "usedAt")
if used and tonumber(used) > tonumber(ARGV[1]) then return 0 end
redis.call("DEL", KEYS[1])
return 1
