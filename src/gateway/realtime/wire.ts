import type { Message } from "./message.ts";

/** Why a client is cut off. Whatever it is, it may come back, and goes on from its cursor. */
export type CutReason = "slow" | "expired" | "draining" | "lost";

/** The way to one client, over whichever transport it came. */
export interface Wire {
  readonly isOpen: boolean;
  /** Bytes that were written and not yet taken. */
  unsent(): number;
  write(message: Message): void;
  /** Calls back after whatever is written, answers included. */
  onWritten(listener: () => void): void;
  /** Calls back once, when the connection is gone; at once when it is gone already. */
  onClosed(listener: () => void): void;
  /** Ends the connection so that the client comes back by itself. */
  cut(reason: CutReason): void;
  /** Ends the connection so that the client stays away. */
  dismiss(): void;
}
