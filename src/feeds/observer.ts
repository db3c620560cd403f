import type { Audience } from "../contract/names.ts";
import type { Item } from "./item.ts";

/** Knows the newest of every room of a node, before its members hear it. Must not throw and must not wait. */
export interface RoomObserver {
  hear(audience: Audience, item: Item): void;
  /** Snapshots of open jobs, as of what the room has said so far; `isWhole` when there are no others. */
  see(audience: Audience, open: string[], isWhole: boolean): void;
  /** Nobody listens any more. */
  leave(audience: Audience): void;
}

export const nobody: RoomObserver = {
  hear: () => undefined,
  see: () => undefined,
  leave: () => undefined,
};
