import { describe, expect, test } from "vitest";
import type { Entry } from "../../../src/feeds/append.ts";
import type { Durations } from "../../../src/jobs/run-times.ts";
import { toSnapshot } from "../../../src/jobs/snapshot.ts";
import { toEntries, withoutSuperseded } from "../../../src/recorder/entries.ts";
import type { SourceEvent } from "../../../src/recorder/queue-events.ts";
import { record } from "../../support/jobs.ts";

const sign = (key: string) => ({ url: `/files/${key}`, expiresAt: "2026-01-01T00:00:00.000Z" });

type Said = [event: string, more?: Partial<SourceEvent>];

function entriesOf(said: Said[], jobIds = ["a"], durations?: Durations): Entry[] {
  const events = said.flatMap(([event, more], n) =>
    jobIds.map((jobId): SourceEvent => ({ ref: `${n + 1}-0`, at: n, event, jobId, ...more })),
  );
  const told = events.map((event) => ({ event, record: record({ jobId: event.jobId }) }));
  return toEntries(told, new Map(), "image.normal", sign, durations).entries;
}

const progress = (percent: number): Said => [
  "progress",
  { data: JSON.stringify({ run: 1, percent, step: null }) },
];
const kinds = (entries: Entry[]) => entries.map(({ kind, event }) => `${kind} ${event}`.trim());

describe("a batch of events", () => {
  test("tells of a job's gauges the last, unless a fact has made it old", () => {
    const running: Said[] = [["added"], ["active"], progress(10), progress(20)];
    expect(kinds(withoutSuperseded(entriesOf(running)))).toEqual([
      "fact job-queued",
      "fact job-started",
      "gauge job-progress",
    ]);
    const ended: Said[] = [...running, ["completed", { returnvalue: "{}" }]];
    expect(kinds(withoutSuperseded(entriesOf(ended)))).toEqual([
      "fact job-queued",
      "fact job-started",
      "fact job-completed",
    ]);
  });

  test("keeps the gauges of each job by itself", () => {
    const entries = entriesOf([["added"], ["active"], progress(10), progress(20)], ["a", "b"]);
    const gauges = withoutSuperseded(entries).filter(({ kind }) => kind === "gauge");
    expect(gauges.map(({ jobId, body }) => [jobId, JSON.parse(body).progress])).toEqual([
      ["a", 20],
      ["b", 20],
    ]);
  });

  test("keeps what is silent only when nothing newer is said of the job", () => {
    const mark: Said = [
      "progress",
      {
        data: JSON.stringify({
          run: 1,
          percent: 1,
          step: null,
          error: { code: "timeout", message: "" },
        }),
      },
    ];
    expect(kinds(withoutSuperseded(entriesOf([["added"], ["active"], mark])))).toEqual([
      "fact job-queued",
      "fact job-started",
      "silent",
    ]);
    expect(
      kinds(
        withoutSuperseded(
          entriesOf([["added"], ["active"], mark, ["waiting", { prev: "active" }]]),
        ),
      ),
    ).toEqual(["fact job-queued", "fact job-started", "fact job-retrying"]);
  });

  test("gives a fact the id of its event, and leaves its body open for its number", () => {
    const [entry] = entriesOf([["added"]]);
    expect(JSON.parse(`${entry?.body}}`)).toMatchObject({
      jobId: "a",
      status: "queued",
      at: "1970-01-01T00:00:00.000Z",
      eventId: "image.normal:1-0",
    });
  });

  test("signs the files of a result, and keeps them unsigned in the snapshot", () => {
    const file = { key: "k", name: "a.jpg", contentType: "image/jpeg", bytes: 3 };
    const outcome = entriesOf([
      ["added"],
      ["active"],
      ["completed", { returnvalue: JSON.stringify({ files: [file] }) }],
    ]).at(-1);
    const { key, ...shown } = file;
    expect(JSON.parse(`${outcome?.body}}`).result.files).toEqual([{ ...shown, ...sign(key) }]);
    expect(JSON.parse(outcome?.snapshot ?? "").job.result.files).toEqual([file]);
    expect(outcome?.isOpen).toBe(false);
  });

  test("keeps the estimate that it tells, for as long as a job is in hand", () => {
    const own = { median: 4000, high: 4000, mean: 4000 };
    const durations = { all: own, like: () => own };
    const said: Said[] = [["added"], ["active"], ["waiting", { prev: "active" }]];
    const told = entriesOf(said, ["a"], durations);
    const guesses = told.map(({ snapshot }) => JSON.parse(snapshot).job.estimatedTime);
    expect(guesses).toEqual([null, 4, null]);
    expect(told[1]?.body).toContain('"estimatedTime":4');
  });

  test("goes on from the snapshots that there are", () => {
    const snapshots = new Map([["a", toSnapshot(record({ jobId: "a" }))]]);
    const event = { ref: "9-0", at: 9, event: "active", jobId: "a" };
    const told = [{ event, record: record({ jobId: "a" }) }];
    const made = toEntries(told, snapshots, "image.normal", sign);
    expect(kinds(made.entries)).toEqual(["fact job-started"]);
    expect(made.snapshots.get("a")?.job.status).toBe("processing");
    expect(snapshots.get("a")?.job.status).toBe("queued");
  });
});
