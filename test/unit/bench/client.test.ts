import { describe, expect, test } from "vitest";
import { createFrameReader } from "../../../bench/delivery/client/frames.ts";
import { createTally } from "../../../bench/delivery/client/tally.ts";
import { nowUs } from "../../../bench/delivery/lib/clock.ts";
import { toMarker } from "../../../bench/delivery/lib/marker.ts";
import { expectedOf } from "../../../bench/delivery/lib/shares.ts";

const frame = (text: string): Buffer => {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), Buffer.from(text)]);
};

const said = (k: number, phase = 1): Buffer =>
  Buffer.from(`42["job-started",{"step":"${toMarker({ phase, k, intendedUs: nowUs() - 2000 })}"}]`);

describe("the clients of the bench", () => {
  test("find every message, however the bytes come", () => {
    const messages = ["short", "x".repeat(300), "", "y".repeat(1000), "last"];
    const bytes = Buffer.concat(messages.map(frame));
    for (const size of [1, 2, 3, 100, bytes.length]) {
      const heard: string[] = [];
      const read = createFrameReader((_, buffer, start, end) =>
        heard.push(buffer.toString("latin1", start, end)),
      );
      for (let at = 0; at < bytes.length; at += size) {
        // As the socket does it: what was read is gone at the next read.
        const chunk = Buffer.from(bytes.subarray(at, at + size));
        read(chunk);
        chunk.fill(0);
      }
      expect(heard).toEqual(messages);
    }
  });

  test("count what is lost, what comes twice and what comes late", () => {
    const tally = createTally({ phase: 1, perClient: 10 }, 2);
    const hear = (client: number, event: Buffer) => tally.hear(client, event, 0, event.length);
    for (const k of [0, 1, 3, 2, 3]) hear(0, said(k));
    hear(0, said(4, 2));
    hear(1, said(0));

    const report = tally.report((client) => expectedOf(client, { total: 9, audiences: 2 }));
    expect(report).toMatchObject({ received: 5, lost: 4, duplicates: 1, disordered: 1 });
    expect(report.p50).toBeGreaterThanOrEqual(1.9);
  });

  test("tell what was skipped from what never came", () => {
    const tally = createTally({ phase: 1, perClient: 10 }, 1);
    for (const k of [0, 3, 5]) tally.hear(0, said(k), 0, said(k).length);
    expect(tally.report(() => 8)).toMatchObject({ received: 3, lost: 5, skipped: 3 });
  });
});
