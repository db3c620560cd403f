import type { Bounds } from "./checker/bounds.ts";
import type { Device } from "./devices/device.ts";
import type { Load } from "./load/load.ts";
import type { User } from "./load/users.ts";
import type { Dice } from "./seed.ts";
import type { RedisKind } from "./world/redis-set.ts";
import type { World } from "./world/world.ts";

/** How long things take; the short form has less patience. */
export interface Pace {
  /** A process is frozen for so long. */
  frozenMs: number;
  /** Postgres is away for so long. */
  downMs: number;
  /** Clients that come back at once. */
  crowd: number;
  /** Clients that are a burden, and what each is sent. */
  burdens: number;
  largeJobs: number;
}

/** Where a fault happens. */
export interface Scene {
  world: World;
  load: Load;
  users: readonly User[];
  /** All that take part now. */
  devices(): Device[];
  /** Has further ones take part until the round is over. */
  join(devices: Device[]): void;
  dice: Dice;
  pace: Pace;
  /** Jobs sent before now may be gone: the fault lost what nobody had written down elsewhere. */
  excuse(): void;
  /** From now on clients of these users are a burden: all others are compared with how they were until now. */
  burdened(userIds: readonly string[]): void;
  /** For the row of the fault. */
  note(text: string): void;
}

/** What a fault may cost. Without an entry nothing. */
export interface Allowance {
  /** Devices are told to fetch the state anew. */
  resync?: boolean;
  /** Jobs may end as failed. */
  failed?: boolean;
}

export interface Fault {
  name: string;
  about: string;
  /** What it breaks: two that break the same do not happen at once. */
  touches: string[];
  /** The only kind of Redis that can break so. */
  needs?: RedisKind;
  allows?: Allowance;
  /** What others may feel of it, ms, and by how much gateways may grow. */
  bounds?: Bounds;
  /** Breaks something, waits until that has shown, and mends it. */
  inflict(scene: Scene): Promise<void>;
}
