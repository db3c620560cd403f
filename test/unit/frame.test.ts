import { describe, expect, test } from "vitest";
import type { Item } from "../../src/feeds/item.ts";
import { messageOf } from "../../src/gateway/realtime/message.ts";
import { frameOf, toFrame } from "../../src/gateway/realtime/socket-io/frame.ts";

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
    expect(frameOfItem(one).packet).toBe('2["job-queued",{}]');
  });

  test.for([
    [0, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
    [200_000, 10],
  ] as const)("of %i bytes has a header of %i, as RFC 6455 wants it", ([bytes, header]) => {
    const around = Buffer.byteLength('42["e",""]');
    const payload = Math.max(bytes, around);
    const { options } = toFrame("e", JSON.stringify("x".repeat(payload - around)));
    const [frame] = options.wsPreEncodedFrame;
    expect(frame.length).toBe(header + payload);
    expect(frame[0]).toBe(0x81);
    expect(lengthIn(frame)).toBe(payload);
    expect(frame.subarray(header).toString()).toBe(`42["e","${"x".repeat(payload - around)}"]`);
  });

  test("counts bytes, not characters", () => {
    const { options, bytes } = toFrame("é", JSON.stringify("你好𝄞"));
    expect(lengthIn(options.wsPreEncodedFrame[0])).toBe(Buffer.byteLength('42["é","你好𝄞"]'));
    expect(bytes).toBe(options.wsPreEncodedFrame[0].length);
  });
});

function lengthIn(frame: Buffer): number {
  const short = frame.readUInt8(1);
  if (short < 126) return short;
  return short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
}
