import type { Socket } from "node:net";
import { sleep } from "../lib/sleep.ts";
import { type LinkWatch, type Primary, toText } from "./target.ts";

/** Cuts the links to what is the primary no more: one that was cut off goes on answering, and all that it still takes will be lost. */
export interface PrimaryWatch extends LinkWatch {
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 1000;

export function watchPrimary(find: () => Promise<Primary>): PrimaryWatch {
  const links = new Map<Socket, Primary>();
  const closing = new AbortController();

  async function look(): Promise<void> {
    // While nobody knows, what there is may be as good as any.
    const primary = await find().catch(() => undefined);
    if (primary === undefined) return;
    for (const [socket, link] of links) {
      const isOther = toText(link) !== toText(primary);
      if (isOther && primary.epoch > link.epoch) socket.destroy();
    }
  }

  async function lookOnAndOn(): Promise<void> {
    while (!closing.signal.aborted) {
      await look();
      await sleep(LOOK_EVERY_MS, closing.signal);
    }
  }
  const looking = lookOnAndOn();

  return {
    add(primary, socket) {
      links.set(socket, primary);
      socket.once("close", () => links.delete(socket));
    },
    async close() {
      closing.abort();
      await looking;
    },
  };
}
