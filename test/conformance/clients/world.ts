import { setTimeout as delay } from "node:timers/promises";
import type { Audience } from "../../../src/contract/names.ts";
import { groupAudience, userAudience } from "../../../src/contract/names.ts";
import { createInstallation, someone, type TestNode } from "../../support/gateway.ts";
import { openSwitch, type Switch } from "../../support/switch.ts";
import { PROGRAMS } from "./programs.ts";
import { run, type RunningClient } from "./run.ts";

/** A client of a user of its own. */
export interface Listener {
  user: string;
  client: RunningClient;
  /** Texts of the facts that its user was told, in order. */
  told: string[];
  /** Texts of the facts that the client printed, of its user's feed unless another one is named. */
  heard(feed?: Audience): string[];
}

/** All clients, behind a line that can be cut, with two nodes at its end. */
export interface World {
  first: TestNode;
  second: TestNode;
  line: Switch;
  listeners: Map<string, Listener>;
  /** Every user, each on their feed. */
  tell(...texts: string[]): Promise<void>;
  tellGroup(text: string): Promise<void>;
  /** Waits until it is so of every client; whoever kept it waiting in vain is not waited for again. */
  each(isSo: (listener: Listener) => boolean): Promise<void>;
  hear(text: string): Promise<void>;
  /** Has `say` called every moment until `done`. */
  meanwhile(say: (i: number) => Promise<void>, done: Promise<unknown>): Promise<void>;
}

export const GROUP = "crew";
/** Of a feed that are kept. */
export const MAX_FACTS = 500;
/** Most come back after a second. One whose first try came to nothing on a busy machine gives it up after twenty, as Socket.IO's own does. */
const PATIENCE_MS = 60_000;
const EVERY_MS = 20;

export async function createWorld(
  urls: { redisUrl: string; postgresUrl: string },
  opened: AsyncDisposableStack,
): Promise<World> {
  const installation = createInstallation({ ...urls, maxFacts: MAX_FACTS });
  opened.defer(installation.close);
  const [first, second] = [await installation.start(), await installation.start()];
  const line = opened.adopt(await openSwitch(first.url), (it) => it.close());
  const listeners = new Map<string, Listener>();
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const user = someone();
    const client = opened.use(await run(program, { url: line.url, token: first.token(user) }));
    listeners.set(name, toListener(user, client));
  }

  const lost = new Set<Listener>();
  async function each(isSo: (listener: Listener) => boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    const left = () => [...listeners.values()].filter((one) => !lost.has(one) && !isSo(one));
    while (left().length > 0 && Date.now() < deadline) await delay(EVERY_MS);
    for (const listener of left()) lost.add(listener);
  }

  return {
    first,
    second,
    line,
    listeners,
    async tell(...texts) {
      const said = texts.map((text) => ({ text }));
      const telling = Array.from(listeners.values(), async ({ user, told }) => {
        await installation.tell(userAudience(user), ...said);
        told.push(...texts);
      });
      await Promise.all(telling);
    },
    tellGroup: (text) => installation.tell(groupAudience(GROUP), { text }),
    each,
    hear: (text) => each(({ heard }) => heard().includes(text)),
    async meanwhile(say, done) {
      const over = new AbortController();
      const saying = (async () => {
        for (let i = 1; !over.signal.aborted; i += 1) {
          await say(i);
          await delay(EVERY_MS);
        }
      })();
      await done;
      over.abort();
      await saying;
    },
  };
}

function toListener(user: string, client: RunningClient): Listener {
  return {
    user,
    client,
    told: [],
    heard: (feed = userAudience(user)) =>
      client.heard
        .filter(({ data }) => data["feed"] === feed && data["text"] !== undefined)
        .map(({ data }) => String(data["text"])),
  };
}
