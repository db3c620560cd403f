--[[
  Finds out whether a tail still holds an entry that somebody has seen in it, and begins a new generation of the partition when it does not.

  KEYS  1 tail  2 partition
  ARGV  1 id of the entry  2 the generation in which it was seen ("" = unknown)  3 the new generation
  Returns  1 it is there, or was trimmed by age; 0 it was lost, and the generation is a later one now: another witness may have begun it
]]
-- use is-lost
if not isLost(KEYS[1], ARGV[1]) then return 1 end
local generation = redis.call("HGET", KEYS[2], "generation")
if ARGV[2] == "" or not generation or generation == ARGV[2] then redis.call("HSET", KEYS[2], "generation", ARGV[3]) end
return 0
