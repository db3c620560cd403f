import type { Pace } from "./scene.ts";
import type { Role } from "./world/world.ts";

/** How large a run is, and how patient. */
export interface Form {
  users: number;
  jobsPerSecond: number;
  counts: Record<Role, number>;
  heartbeatSeconds: number;
  workerConcurrency: number;
  /** So many outcomes are heard before a fault and after it. */
  warmth: number;
  settleMs: number;
  /** Rounds of several faults at once. */
  mixed: number;
  pace: Pace;
}

export const FULL: Form = {
  users: 300,
  jobsPerSecond: 10,
  counts: { gateway: 3, recorder: 2, worker: 3 },
  heartbeatSeconds: 5,
  workerConcurrency: 4,
  warmth: 100,
  settleMs: 120_000,
  mixed: 6,
  pace: {
    frozenMs: 20_000,
    downMs: 30_000,
    crowd: 1000,
    burdens: 30,
    largeJobs: 100,
  },
};

/** Beside other tests, on two cores. */
export const SHORT: Form = {
  users: 20,
  jobsPerSecond: 4,
  counts: { gateway: 2, recorder: 2, worker: 2 },
  heartbeatSeconds: 2,
  workerConcurrency: 2,
  warmth: 10,
  settleMs: 60_000,
  mixed: 1,
  pace: {
    frozenMs: 7000,
    downMs: 6000,
    crowd: 100,
    burdens: 5,
    largeJobs: 80,
  },
};
