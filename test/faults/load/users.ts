import type { Dice } from "../seed.ts";
import type { Device, DeviceOptions, Transport } from "../devices/device.ts";
import { openEventStream } from "../devices/event-stream.ts";
import { openLongPoll } from "../devices/long-poll.ts";
import { openSocketIo } from "../devices/socket-io.ts";
import { signToken, type Token } from "../world/tokens.ts";

export interface User {
  userId: string;
  isPremium: boolean;
  /** A fresh one, good for the run. */
  token(): Token;
  devices: Device[];
}

export interface UsersOptions {
  url: string;
  secret: string;
  count: number;
  transports: readonly Transport[];
  dice: Dice;
}

const OPEN = {
  "socket-io": openSocketIo,
  "event-stream": openEventStream,
  "long-poll": openLongPoll,
} satisfies Record<Transport, (options: DeviceOptions) => Device>;

/** s; longer than any run. */
const LONG = 6 * 3600;
/** s; runs out while its device is connected, which then comes with another. */
const SHORT = 60;
const MAX_DEVICES = 3;

/** People with one to three devices each; every tenth device has tokens that soon run out. */
export function createUsers({ url, secret, count, transports, dice }: UsersOptions): User[] {
  return Array.from({ length: count }, (_, i) => {
    const userId = `user-${i}`;
    const isPremium = i % 5 === 4;
    const sign = (ttl: number) =>
      signToken(secret, { sub: userId, ttl, ...(isPremium ? { plan: "premium" } : {}) });
    const devices = Array.from({ length: 1 + dice.below(MAX_DEVICES) }, (__, j) => {
      const transport = dice.pick(transports);
      const ttl = dice.below(10) === 0 ? SHORT : LONG;
      return OPEN[transport]({
        url,
        userId,
        name: `${userId}-${transport}-${j}`,
        address: toAddress(i, j),
        token: () => sign(ttl),
      });
    });
    return { userId, isPremium, token: () => sign(LONG), devices };
  });
}

/** Of each device its own. */
export const toAddress = (user: number, device: number): string =>
  `10.${Math.floor(user / 250)}.${user % 250}.${device}`;
