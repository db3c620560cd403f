/** Redis takes no writes for a while, whoever they are for: it is full, failing over, or loading. Redis 6.2 puts the word into an `ERR` of the script. */
const PASSING =
  /\b(READONLY|OOM|MISCONF|NOREPLICAS|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b/;

/** Redis understood the write and refused it for what it found; trying again at once brings the same. */
export const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  /^(WRONGTYPE|ERR) /.test(thrown.message) &&
  !PASSING.test(thrown.message);
