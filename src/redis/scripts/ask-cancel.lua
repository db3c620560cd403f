--[[
  Asks for a job to be cancelled; holds for the retry count it is asked at.   KEYS 1 job   Returns 1, or 0 when the job is gone
]]
if redis.call("HEXISTS", KEYS[1], "record") == 0 then return 0 end
redis.call("HSET", KEYS[1], "cancel", redis.call("HGET", KEYS[1], "retries") or "0")
return 1
