import { describe, expect } from "vitest";
import { groupAudience, userAudience } from "../../src/contract/names.ts";
import { test as base } from "../support/gateway.ts";
import { page, PROGRAMS } from "./clients/programs.ts";
import { CHAPTERS, LAST_OF_GROUP, resyncsOf, walk } from "./clients/walk.ts";
import { createWorld, GROUP, type Listener } from "./clients/world.ts";

/** Of the first test, which waits for the walk; a client that fails holds up the others for a while. */
const TIMEOUT_MS = 300_000;

/** How all clients fared; the rules look at them one by one. */
const test = base.extend(
  "listeners",
  { scope: "file" },
  async ({ redisUrl, postgresUrl }, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(() => opened.disposeAsync());
    const world = await createWorld({ redisUrl, postgresUrl }, opened);
    await walk(world);
    return world.listeners;
  },
);

const crew = groupAudience(GROUP);
const within = (chapter: string, texts: string[]) =>
  texts.filter((text) => text.startsWith(chapter));

/** That the client heard all of a chapter, once and in order. */
function expectWhole(chapter: string, { told, heard, client }: Listener): void {
  expect(within(chapter, heard()), client.errors()).toEqual(within(chapter, told));
}

/** What a client has to do, by the title in docs/protocol.md. */
const RULES: Record<string, (listener: Listener) => void> = {
  "Say who you are, with a fresh token each time": ({ user, client, heard }) => {
    expect(client.named("ready")[0], client.errors()).toMatchObject({ userId: user, protocol: 1 });
    const texts = heard(crew);
    expect(texts.at(-1)).toBe(LAST_OF_GROUP);
    // One after the other, from where the client came to the group.
    const numbers = texts.slice(0, -1).map(Number);
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
  },
  "Keep your place, from the first `ready` on": (listener) =>
    expectWhole(CHAPTERS.nothingHeard, listener),
  "Take what comes in the order in which it comes": (listener) =>
    expectWhole(CHAPTERS.asItHappens, listener),
  "Come back when the connection ends": (listener) => expectWhole(CHAPTERS.cut, listener),
  "Come back to whichever node answers": (listener) => expectWhole(CHAPTERS.nodeLeft, listener),
  "Go on from the cursor of a `resync`": (listener) => {
    expect(resyncsOf(listener)).toEqual([expect.objectContaining({ reason: "expired" })]);
    expectWhole(CHAPTERS.tooLong, listener);
  },
  "Rely on hearing each fact once": ({ user, told, heard, client }) => {
    expect(heard()).toEqual(told.filter((text) => !text.startsWith(CHAPTERS.lost)));
    const feeds = client.heard.flatMap(({ data }) => (data["text"] ? [data["feed"]] : []));
    expect([...new Set(feeds)]).toEqual([userAudience(user), crew]);
  },
};

for (const name of Object.keys(PROGRAMS)) {
  describe(name, () => {
    for (const [rule, holds] of Object.entries(RULES)) {
      test(rule, { timeout: TIMEOUT_MS }, ({ listeners }) => {
        const listener = listeners.get(name);
        if (listener === undefined) throw new Error("This client was not there");
        holds(listener);
      });
    }
  });
}

describe("docs/protocol.md", () => {
  test("has the rules that are tried here, and no others", () => {
    const [, section = ""] = page.split(". What a client has to do\n");
    const titles = section.split("\n## ")[0]?.matchAll(/^\d+\. \*\*(.*?)\.\*\*/gm) ?? [];
    expect(Array.from(titles, ([, title]) => title)).toEqual(Object.keys(RULES));
  });
});
