import { randomUUID } from "node:crypto";
import { makePhoto } from "../../support/cluster-client.ts";
import type { Dice } from "../seed.ts";
import { until } from "../until.ts";
import { submit } from "./submit.ts";
import type { User } from "./users.ts";

/** Jobs that come at their own rate, whatever becomes of those before. */
export interface Load {
  /** Ids of the jobs that got an answer, by user. */
  accepted: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many are still waiting for one. */
  unanswered(): number;
  /** Ids of jobs, and when they were first sent, ms since 1970. */
  sent: ReadonlyMap<string, number>;
  /** Sends jobs that take some seconds; resolves to their ids when all are accepted, and fails when that takes too long. */
  sendLong(count: number): Promise<string[]>;
  /** Resolves when all are accepted. */
  sendPictures(count: number): Promise<void>;
  /** Sends jobs of a user that each leave a large result; as `sendLong`. */
  sendLarge(user: User, count: number): Promise<void>;
  start(): void;
  pause(): void;
  /** What could not be sent at all, and never will be. */
  takeRefused(): string[];
  close(): void;
}

/** Longer than Redis or Postgres is away, and than it takes one user to have a hundred jobs accepted, a limited number a minute. */
const PATIENCE_MS = 240_000;

export interface LoadOptions {
  url: string;
  users: readonly User[];
  jobsPerSecond: number;
  dice: Dice;
  /** How long those may take that a fault waits for; 90,000. */
  patienceMs?: number;
}

export async function createLoad({
  url,
  users,
  jobsPerSecond,
  dice,
  patienceMs = PATIENCE_MS,
}: LoadOptions): Promise<Load> {
  const photo = new Blob([new Uint8Array(await makePhoto())], { type: "image/jpeg" });
  const accepted = new Map<string, Set<string>>(users.map(({ userId }) => [userId, new Set()]));
  const sent = new Map<string, number>();
  const refused: string[] = [];
  const closing = new AbortController();
  let unanswered = 0;
  let next: NodeJS.Timeout | undefined;

  async function send(user: User, body: () => string | FormData): Promise<string[]> {
    const at = Date.now();
    unanswered += 1;
    try {
      const { signal } = closing;
      const token = user.token().text;
      const jobId = await submit({ url, token, key: randomUUID(), body, signal });
      accepted.get(user.userId)?.add(jobId);
      sent.set(jobId, at);
      return [jobId];
    } catch (thrown) {
      if (!closing.signal.aborted) refused.push(String(thrown));
      return [];
    } finally {
      unanswered -= 1;
    }
  }

  /** Those that are late are tried on: a round ends when all have an answer. */
  async function sendInTime(count: number, user: () => User, pace: Pace): Promise<string[]> {
    const answered: string[] = [];
    let left = count;
    for (let i = 0; i < count; i += 1)
      void send(user(), toPaced(pace)).then((jobIds) => {
        answered.push(...jobIds);
        left -= 1;
      });
    await until(
      () => `${left} of ${count} jobs have no answer`,
      patienceMs,
      () => left === 0,
    );
    return answered;
  }

  /** Gaps as of many who do not know of each other. */
  function schedule(): void {
    const gapMs = (-Math.log(1 - dice.next()) * 1000) / jobsPerSecond;
    next = setTimeout(() => {
      void send(dice.pick(users), chooseJob(dice, photo));
      schedule();
    }, gapMs);
  }

  return {
    accepted,
    unanswered: () => unanswered,
    sent,
    sendLong: (count) => sendInTime(count, () => dice.pick(users), LONG),
    async sendPictures(count) {
      const all = Array.from({ length: count }, () => send(dice.pick(users), toPicture(photo)));
      await Promise.all(all);
    },
    async sendLarge(user, count) {
      await sendInTime(count, () => user, LARGE);
    },
    takeRefused: () => refused.splice(0),
    start: schedule,
    pause: () => clearTimeout(next),
    close() {
      clearTimeout(next);
      closing.abort();
    },
  };
}

/** Mostly short, some long enough that others finish meanwhile, and every twentieth a picture. */
function chooseJob(dice: Dice, photo: Blob): () => string | FormData {
  const kind = dice.below(20);
  if (kind === 0) return toPicture(photo);
  if (kind < 3) return toPaced(LONG);
  const pace = { steps: 2 + dice.below(4), gapMs: 20 + dice.below(80) };
  return toPaced({ ...pace, resultBytes: dice.below(1000) });
}

interface Pace {
  steps: number;
  gapMs: number;
  resultBytes: number;
}

const LONG: Pace = { steps: 6, gapMs: 400, resultBytes: 0 };
/** As large as a fact may be, nearly. */
const LARGE: Pace = { steps: 1, gapMs: 0, resultBytes: 50_000 };

function toPaced(data: Pace): () => string {
  const body = JSON.stringify({ type: "paced", input: { data } });
  return () => body;
}

const toPicture = (photo: Blob) => (): FormData => {
  const fields = new FormData();
  fields.set("type", "image");
  fields.set("options", JSON.stringify({ variants: [{ name: "small", width: 160 }] }));
  fields.set("file", photo, "photo.jpg");
  return fields;
};
