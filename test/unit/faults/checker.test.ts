import { describe, expect, test } from "vitest";
import { userAudience } from "../../../src/contract/names.ts";
import { createChecker, type Truth } from "../../faults/checker/check.ts";
import { type Heard, toHeard } from "../../faults/checker/heard.ts";
import type { QueueState } from "../../faults/checker/jobs.ts";
import type { Device } from "../../faults/devices/device.ts";

const ADA = "ada";
const FEED = userAudience(ADA);
const EPOCH = "g1.e1";
const TOLD = { at: 2000, connection: 1, goodUntil: 100_000, backAt: 0 };

type Data = Parameters<typeof toHeard>[1];

const of = (event: string, data: Data, told = TOLD): Heard => toHeard(event, data, told);

const ready = (seq: number, more: Data = {}) =>
  of("ready", { cursors: { [FEED]: `${EPOCH}-${seq}` }, ...more });

/** A fact of Ada's as she hears it. */
const fact = (seq: number, event: string, jobId: string, more: Data = {}) =>
  of(event, {
    feed: FEED,
    cursor: `${EPOCH}-${seq}`,
    eventId: `${seq}`,
    at: new Date(1900).toISOString(),
    jobId,
    userId: ADA,
    attempt: 1,
    ...more,
  });

const gauge = (jobId: string, progress: number, attempt = 1) =>
  of("job-progress", { jobId, userId: ADA, progress, attempt });

/** Two jobs, heard from beginning to end without a fault. */
const SOUND = [
  ready(0),
  fact(1, "job-queued", "one", { attempt: 0 }),
  fact(2, "job-started", "one"),
  gauge("one", 40),
  gauge("one", 90),
  fact(3, "job-completed", "one", { progress: 100 }),
  fact(4, "job-queued", "two", { attempt: 0 }),
  fact(5, "job-started", "two"),
  fact(6, "job-completed", "two", { progress: 100 }),
];

const STORED = [
  "job-queued one",
  "job-started one",
  "job-completed one",
  "job-queued two",
  "job-started two",
  "job-completed two",
];

interface Falsified {
  heard?: Heard[];
  stored?: string[];
  queued?: [string, QueueState][];
  mayResync?: boolean;
}

const truthOf = ({ stored = STORED, queued, mayResync = false }: Falsified): Truth => ({
  mayResync,
  feeds: new Map([
    [
      ADA,
      {
        feed: FEED,
        head: { epoch: EPOCH, seq: stored.length },
        facts: new Map(stored.map((said, i) => [i + 1, said])),
      },
    ],
  ]),
  jobs: {
    accepted: new Map([[ADA, new Set(["one", "two"])]]),
    sent: new Map([
      ["one", 1000],
      ["two", 1000],
    ]),
    queued: new Map(
      queued ?? [
        ["one", "completed"],
        ["two", "completed"],
      ],
    ),
    excused: new Set(),
    mayFail: false,
  },
});

function deviceThatHeard(...records: Heard[][]): Device {
  const left = [...records];
  return {
    userId: ADA,
    name: "phone",
    transport: "socket-io",
    takeRecord: () => left.shift() ?? [],
    knows: () => false,
    count: () => 0,
    place: () => undefined,
    welcomedAt: () => 0,
    node: () => "",
    isWelcome: () => true,
    cut: () => undefined,
    stayAway: () => undefined,
    comeBack: () => undefined,
    close: () => undefined,
  };
}

/** What the checker says of a record, as `<invariant> <kind>`. */
function verdict(falsified: Falsified): string[] {
  const device = deviceThatHeard(falsified.heard ?? SOUND);
  const { breaches } = createChecker().check([device], truthOf(falsified));
  return breaches.map(({ invariant, kind }) => `${invariant} ${kind}`);
}

/** The sound record with something else in place of what stands at `at`. */
const insteadOf = (at: number, ...others: Heard[]) => SOUND.toSpliced(at, 1, ...others);
const after = (at: number, ...others: Heard[]) => SOUND.toSpliced(at + 1, 0, ...others);

describe("the checker", () => {
  test("has nothing to say of a sound record", () => {
    expect(verdict({})).toEqual([]);
  });

  const CASES: [string, Falsified, string[]][] = [
    ["a hole", { heard: insteadOf(2) }, ["I1 hole"]],
    ["a hole at the end", { heard: SOUND.slice(0, -1) }, ["I1 hole", "I2 no outcome"]],
    ["a hole that a ready skips", { heard: insteadOf(2, ready(2)) }, ["I1 ready", "I1 hole"]],
    ["a double", { heard: after(2, fact(2, "job-started", "one")) }, ["I1 double"]],
    [
      "facts in another order",
      { heard: SOUND.toSpliced(7, 2, ...SOUND.slice(7).toReversed()) },
      ["I1 reordered", "I3 taken back", "I6 backwards"],
    ],
    [
      "a fact that is stored as another",
      { heard: insteadOf(2, fact(2, "job-retrying", "one")) },
      ["I1 differs"],
    ],
    [
      "a resync that nothing gave cause for",
      { heard: after(5, of("resync", { feed: FEED, cursor: `${EPOCH}-3` })) },
      ["I1 resync", "I2 no outcome"],
    ],
    ["a device that is sent away", { heard: after(3, of("dismissed", {})) }, ["I1 dismissed"]],
    [
      "an outcome that nobody told",
      { heard: SOUND.slice(0, 6), stored: STORED.slice(0, 3) },
      ["I2 no outcome"],
    ],
    [
      "an outcome that is told as another",
      {
        heard: insteadOf(8, fact(6, "job-failed", "two", { progress: 100 })),
        stored: STORED.with(5, "job-failed two"),
      },
      ["I2 other outcome"],
    ],
    [
      "an outcome that is taken back",
      {
        heard: [...SOUND, fact(7, "job-started", "two", { attempt: 2 })],
        stored: [...STORED, "job-started two"],
      },
      ["I3 taken back"],
    ],
    [
      "a finished job that a ready shows as open",
      { heard: [...SOUND, ready(6, { jobs: [{ jobId: "one" }] })] },
      ["I3 taken back"],
    ],
    [
      "somebody else's job",
      { heard: after(3, of("job-progress", { jobId: "three", userId: "ben" })) },
      ["I4 foreign"],
    ],
    [
      "a fact after the token ran out",
      {
        heard: insteadOf(8, {
          ...fact(6, "job-completed", "two", { progress: 100 }),
          madeAt: 9000,
          goodUntil: 3000,
        }),
      },
      ["I4 expired"],
    ],
    ["a lost job", { queued: [["one", "completed"]] }, ["I5 lost"]],
    [
      "a job that does not end",
      {
        heard: SOUND.slice(0, -1),
        stored: STORED.slice(0, -1),
        queued: [
          ["one", "completed"],
          ["two", "open"],
        ],
      },
      ["I2 no outcome", "I5 lost"],
    ],
    [
      "a job that nobody asked for",
      {
        queued: [
          ["one", "completed"],
          ["two", "completed"],
          ["three", "completed"],
        ],
      },
      ["I5 doubled"],
    ],
    [
      "a job that ends twice",
      {
        heard: [...SOUND, fact(7, "job-completed", "two", { progress: 100 })],
        stored: [...STORED, "job-completed two"],
      },
      ["I3 taken back", "I5 doubled"],
    ],
    [
      "a job that fails",
      {
        heard: insteadOf(8, fact(6, "job-failed", "two", { progress: 100 })),
        stored: STORED.with(5, "job-failed two"),
        queued: [
          ["one", "completed"],
          ["two", "failed"],
        ],
      },
      ["I5 failed"],
    ],
    ["progress backwards", { heard: after(4, gauge("one", 50)) }, ["I6 backwards"]],
    ["an attempt backwards", { heard: after(4, gauge("one", 99, 0)) }, ["I6 backwards"]],
    ["progress after the outcome", { heard: after(5, gauge("one", 100)) }, ["I6 late word"]],
  ];

  test.each(CASES)("sees %s, and that alone", (_, falsified, expected) => {
    expect(verdict(falsified).toSorted()).toEqual(expected.toSorted());
  });

  test("names the job that something is wrong with", () => {
    const lost: Falsified = { queued: [["one", "completed"]] };
    const { breaches } = createChecker().check([deviceThatHeard(SOUND)], truthOf(lost));
    expect(breaches.map(({ jobId }) => jobId)).toEqual(["two"]);
  });

  test("remembers from one round to the next where a device stood and what it was told", () => {
    const device = deviceThatHeard(SOUND, [fact(6, "job-completed", "two", { progress: 100 })]);
    const checker = createChecker();
    expect(checker.check([device], truthOf({})).breaches).toEqual([]);
    const { breaches } = checker.check([device], truthOf({}));
    expect(breaches.map(({ kind }) => kind)).toEqual(["double", "taken back"]);
  });

  test("lets a device go on from a resync that was to be expected, when it has read the state", () => {
    const heard = [
      ...SOUND.slice(0, 4),
      of("resync", { feed: FEED, cursor: `${EPOCH}-6` }),
      of("state", { jobId: "one", status: "completed" }),
      of("state", { jobId: "two", status: "completed" }),
    ];
    expect(verdict({ heard, mayResync: true })).toEqual([]);
  });

  test("says how late facts were, and leaves out those that were made while a device stayed away", () => {
    const away = { ...fact(2, "job-started", "one"), backAt: 1950 };
    const device = deviceThatHeard(insteadOf(2, away));
    expect(createChecker().check([device], truthOf({})).latencies).toEqual(
      Array.from({ length: 5 }, () => 100),
    );
  });

  test("compares how late facts were before and since there is a burden, for those whose it is not", () => {
    const heard = [
      ...insteadOf(2, fact(2, "job-started", "one", { at: new Date(1500).toISOString() })),
    ];
    const around = (userIds: string[]) => {
      const burden = { at: 1800, userIds: new Set(userIds) };
      return createChecker().check([deviceThatHeard(heard)], { ...truthOf({}), burden }).around;
    };
    expect(around(["somebody else"])).toEqual({ before: [500], since: [100, 100, 100, 100, 100] });
    expect(around([ADA])).toEqual({ before: [], since: [] });
  });
});
