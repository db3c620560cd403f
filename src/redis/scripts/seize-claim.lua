--[[
  Takes the lock of a BullMQ job in hand from whoever has it.

  KEYS  1 active  2 job  3 lock of the job
  ARGV  1 job id  2 token of the new lock  3 how long it lasts, ms
  Returns  1, or 0 when the job is not in hand
]]
if not redis.call("LPOS", KEYS[1], ARGV[1]) then return 0 end
redis.call("HSET", KEYS[2], "pb", ARGV[2])
redis.call("SET", KEYS[3], ARGV[2], "PX", ARGV[3])
return 1
