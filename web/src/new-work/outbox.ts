import type { Jobcast } from "@jobcast/client";
import { createContext, useContext } from "react";
import { createValue, useValue, type Value } from "../ui/value.ts";
import { createSending, type Order, type Sending } from "./sending.ts";

/** Files on their way, the newest first. Those that have become jobs, or were given up, are no longer in it. */
export interface Outbox {
  items: Pick<Value<readonly Sending[]>, "get" | "subscribe">;
  add(orders: readonly Order[]): void;
  cancel(sending: Sending): void;
  /** After a pause or a failure. */
  goOn(sending: Sending): void;
  /** Of a job that was handed in here: what it looked like. */
  pictureOf(jobId: string): string | undefined;
  close(): void;
}

/** More at once would not be faster, and each would be slower. */
const MAX_IN_FLIGHT = 3;

export function createOutbox(client: Jobcast): Outbox {
  const items = createValue<readonly Sending[]>([]);
  const pictures = new Map<string, string>();

  function startNext(): void {
    const all = items.get();
    let free = MAX_IN_FLIGHT - all.filter(isInFlight).length;
    for (const sending of all.toReversed()) {
      if (free <= 0) return;
      if (sending.state.get().status !== "in-line") continue;
      sending.start();
      free -= 1;
    }
  }

  const takeOut = (sending: Sending): void =>
    items.set(items.get().filter((other) => other !== sending));

  function toSending(order: Order): Sending {
    const sending = createSending(client, order, {
      onFree: startNext,
      onJob(jobId) {
        if (sending.pictureUrl !== undefined) pictures.set(jobId, sending.pictureUrl);
        takeOut(sending);
      },
    });
    return sending;
  }

  return {
    items,
    add(orders) {
      items.set([...orders.map(toSending).toReversed(), ...items.get()]);
      startNext();
    },
    cancel(sending) {
      takeOut(sending);
      if (sending.pictureUrl !== undefined) URL.revokeObjectURL(sending.pictureUrl);
      sending.cancel();
    },
    goOn(sending) {
      sending.queue();
      startNext();
    },
    pictureOf: (jobId) => pictures.get(jobId),
    close() {
      for (const sending of items.get()) sending.cancel();
      items.set([]);
      for (const url of pictures.values()) URL.revokeObjectURL(url);
    },
  };
}

const isInFlight = ({ state }: Sending): boolean =>
  ["sending", "waiting", "handing-in"].includes(state.get().status);

const OutboxContext = createContext<Outbox | undefined>(undefined);
export const OutboxProvider = OutboxContext.Provider;

export function useOutbox(): Outbox {
  const outbox = useContext(OutboxContext);
  if (outbox === undefined) throw new Error("There is no OutboxProvider around this component");
  return outbox;
}

export const useSendings = (): readonly Sending[] => useValue(useOutbox().items);
