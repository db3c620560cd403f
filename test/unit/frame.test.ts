import { describe, expect, test } from "vitest";
import type { Item } from "../../src/feeds/item.ts";
import { messageOf, say } from "../../src/gateway/realtime/message.ts";
import { frameOf, packetOf } from "../../src/gateway/realtime/socket-io/frame.ts";

const item = (data: string): Item => ({
  kind: "fact",
  audience: "all",
  event: "job-queued",
  jobId: "1",
  data,
  cursor: { epoch: "a.b", seq: 1 },
});

describe("a frame", () => {
  test("is made once for all who hear an item", () => {
    const one = item("{}");
    const frameOfItem = (it: Item) => frameOf(messageOf(it));
    expect(frameOfItem(one)).toBe(frameOfItem(one));
    expect(frameOfItem(item("{}"))).not.toBe(frameOfItem(one));
    expect(packetOf(messageOf(one))).toBe('2["job-queued",{}]');
  });

  test.for([
    [0, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
    [200_000, 10],
  ] as const)("of %i bytes has a header of %i, as RFC 6455 wants it", ([bytes, header]) => {
    const around = Buffer.byteLength('42["e",{"t":""}]');
    const payload = Math.max(bytes, around);
    const frame = frameOf(say("e", { t: "x".repeat(payload - around) }));
    expect(frame.length).toBe(header + payload);
    expect(frame[0]).toBe(0x81);
    expect(lengthIn(frame)).toBe(payload);
    expect(frame.subarray(header).toString()).toBe(
      `42["e",{"t":"${"x".repeat(payload - around)}"}]`,
    );
  });

  test("counts bytes, not characters", () => {
    const text = '42["é",{"t":"你好𝄞"}]';
    const frame = frameOf(say("é", { t: "你好𝄞" }));
    expect(lengthIn(frame)).toBe(Buffer.byteLength(text));
    expect(frame.subarray(2).toString()).toBe(text);
  });
});

function lengthIn(frame: Buffer): number {
  const short = frame.readUInt8(1);
  if (short < 126) return short;
  return short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
}
