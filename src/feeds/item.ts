import type { Cursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import type { ResyncReason } from "../contract/socket.ts";

/** What a room says to its members, in this order and once. Of what is said of a batch, `jobId` is the batch's id. */
export type Item = Said & {
  /** What those who hear it made of it, once for all of them. */
  made?: unknown;
};

type Said =
  | { kind: "fact"; audience: Audience; event: string; jobId: string; data: string; cursor: Cursor }
  /** `tailId` tells it from what a snapshot holds already; what a node says of its own accord has none. */
  | {
      kind: "gauge";
      audience: Audience;
      event: string;
      jobId: string;
      data: string;
      tailId: string | undefined;
    }
  /** The feed cannot be followed from where the member stood; it goes on from `cursor`. */
  | { kind: "resync"; audience: Audience; cursor: Cursor; reason: ResyncReason };

export type Gauge = Item & { kind: "gauge" };

/** What a node adds to the gauges of a room by itself. */
export type OwnGauge = Pick<Gauge, "event" | "jobId" | "data">;

/** Whoever is in a room; `hear` must not throw and must not wait. */
export interface Listener {
  hear(item: Item): void;
}
