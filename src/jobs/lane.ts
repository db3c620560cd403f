import type { Lane } from "../contract/job.ts";
import type { Caller } from "../contract/tokens.ts";
import { JobcastError } from "../errors.ts";

export interface LaneChoice {
  /** What the request asks for. */
  asked: Lane | undefined;
  /** Of the input, as far as it is known. */
  bytes: number;
  largeJobBytes: number;
  caller: Pick<Caller, "isService" | "isPremium">;
}

/**
 * The lane of a new job: `large` above `largeJobBytes`, else `premium` by plan, else `normal`. A service may ask for any other; a user for
 * `large`, and for `normal` instead of `premium`. Fails with `forbidden`.
 */
export function chooseLane({ asked, bytes, largeJobBytes, caller }: LaneChoice): Lane {
  const given = defaultLane(bytes > largeJobBytes, caller.isPremium);
  if (asked === undefined || asked === given || caller.isService) return asked ?? given;
  if (asked === "large" || (asked === "normal" && given === "premium")) return asked;
  throw new JobcastError("forbidden", `This job may not go into the ${asked} lane`);
}

function defaultLane(isLarge: boolean, isPremium: boolean): Lane {
  if (isLarge) return "large";
  return isPremium ? "premium" : "normal";
}
