import { describe, expect, test } from "vitest";
import { compareStreamIds, timeOfStreamId } from "../../src/lib/stream-id.ts";

describe("the ids of a stream", () => {
  test("are in order of time, then of count, with nothing before all of them", () => {
    const ids = ["", "0-0", "0-1", "9-2", "9-10", "10-0", "1795238724025-0", "1795238724025-1"];
    expect(ids.toReversed().toSorted(compareStreamIds)).toEqual(ids);
    expect(compareStreamIds("9-2", "9-2")).toBe(0);
  });

  test("tell when an entry was written", () => {
    expect(timeOfStreamId("1795238724025-3")).toBe(1_795_238_724_025);
  });
});
