import { describe, expect, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { test as base, someone, type TestNode } from "../support/gateway.ts";
import {
  type Transport,
  TRANSPORTS,
  type Visit,
  type VisitOptions,
} from "../support/transports.ts";

const texts = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
const facts = (from: number, to: number) => texts(from, to).map((text) => ({ text }));

type Open = (transport: Transport, node: TestNode, rest?: Partial<VisitOptions>) => Visit;

/** `user` is somebody of the test's own; `visit` connects them. */
const test = base
  .extend("user", () => someone())
  .extend("visit", async ({ user }, { onCleanup }): Promise<Open> => {
    const visits: Visit[] = [];
    onCleanup(() => {
      for (const visit of visits) visit.close();
    });
    return (transport, node, rest = {}) => {
      const visit = transport.visit({ url: node.url, token: node.token(user), ...rest });
      visits.push(visit);
      return visit;
    };
  });

const isReady = (visit: Visit) => vi.waitFor(() => expect(visit.named("ready")).toHaveLength(1));
const hears = (visit: Visit, text: string) =>
  vi.waitFor(() => expect(visit.texts()).toContain(text));

const BAD_CURSORS: Record<string, (own: string) => Record<string, string>> = {
  malformed: (own) => ({ [own]: "!" }),
  "somebody else's": (own) => ({ [own]: "zz.zz-1" }),
  "too high": (own) => ({ [own]: "zz.zz-99" }),
};

for (const [name, transport] of Object.entries(TRANSPORTS)) {
  describe(`a client over ${name}`, () => {
    test("is welcomed, and hears facts and gauges as they come", async ({
      cluster: { a, tell },
      user,
      visit,
    }) => {
      const client = visit(transport, a);
      await isReady(client);
      expect(client.named("ready")).toMatchObject([
        { userId: user, protocol: 1, recovered: false, jobs: [], openJobs: 0, unread: 0 },
      ]);
      await tell(userAudience(user), { text: "1" }, { kind: "gauge", text: "some" }, { text: "2" });
      await hears(client, "2");
      expect(client.texts()).toEqual(["1", "2"]);
    });

    test("misses, doubles and reorders nothing when it comes back to another node", async ({
      cluster: { a, b, tell },
      user,
      visit,
    }) => {
      const feed = userAudience(user);
      const first = visit(transport, a);
      await isReady(first);
      await tell(feed, ...facts(1, 3));
      await hears(first, "3");
      first.close();
      await first.ended;
      await tell(feed, ...facts(4, 900));
      const second = visit(transport, b, { place: first.place });
      await hears(second, "900");
      await tell(feed, ...facts(901, 903));
      await hears(second, "903");
      expect([...first.texts(), ...second.texts()]).toEqual(texts(1, 903));
      expect(second.named("resync")).toEqual([]);
    });

    test("misses nothing although it had heard nothing yet", async ({
      cluster: { a, b, tell },
      user,
      visit,
    }) => {
      const first = visit(transport, a);
      await isReady(first);
      first.close();
      await first.ended;
      await tell(userAudience(user), { text: "missed" });
      const second = visit(transport, b, { place: first.place });
      await hears(second, "missed");
    });

    for (const [kind, cursors] of Object.entries(BAD_CURSORS)) {
      test(`is told to resync by a cursor that is ${kind}`, async ({
        cluster: { a },
        user,
        visit,
      }) => {
        const own = userAudience(user);
        const given = cursors(own);
        const cursor = kind === "malformed" ? "!" : toOpaque(given);
        const client = visit(transport, a, { place: { cursors: given, cursor } });
        await vi.waitFor(() =>
          expect(client.named("resync").map(({ feed }) => feed)).toContain(own),
        );
      });
    }

    test("hears nobody else's facts", async ({ cluster: { a, tell }, user, visit }) => {
      const client = visit(transport, a);
      await isReady(client);
      await tell(userAudience(someone()), { text: "not yours" });
      await tell(userAudience(user), { text: "yours" });
      await hears(client, "yours");
      expect(client.texts()).toEqual(["yours"]);
    });
  });
}

describe("a client that changes transports in mid-stream", () => {
  test("misses, doubles and reorders nothing, whichever it takes next", async ({
    cluster: { a, b, tell },
    user,
    visit,
  }) => {
    const transports = Object.values(TRANSPORTS);
    const feed = userAudience(user);
    const arrival = new AbortController();
    const first = visit(TRANSPORTS["a long poll"], a);
    await isReady(first);
    first.close();
    let { place } = first;
    const heard: string[] = [];
    let said = 0;
    const saying = (async () => {
      while (!arrival.signal.aborted) await tell(feed, { text: `${(said += 1)}` });
    })();
    // Each after each: the way there is by the map that everyone can keep.
    for (const [i, transport] of [...transports, ...transports.toReversed()].entries()) {
      const opaque = transport.gives === "cursor" ? toOpaque(place.cursors) : undefined;
      const client = visit(transport, [a, b][i % 2] ?? a, { place: { ...place, cursor: opaque } });
      await vi.waitFor(() => expect(client.texts().length).toBeGreaterThan(5));
      client.close();
      await client.ended;
      heard.push(...client.texts());
      place = client.place;
    }
    arrival.abort();
    await saying;
    const last = visit(TRANSPORTS["an event stream"], a, {
      place: { ...place, cursor: toOpaque(place.cursors) },
    });
    await isReady(last);
    expect([...heard, ...last.texts()]).toEqual(texts(1, said));
  });
});

function toOpaque(cursors: Record<string, string>): string {
  return Buffer.from(JSON.stringify(cursors)).toString("base64url");
}
