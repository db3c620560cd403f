import type { Begun, Intent, IntentsTable } from "../db/intents-table.ts";
import type { Logger } from "../lib/logger.ts";
import { JobcastError } from "../errors.ts";
import { isUnavailable } from "./patience.ts";

/** After this a pending intent was left behind by a process that died, ms: no call takes a tenth of it. */
const ABANDONED_MS = 30_000;

export type Intents = Pick<
  IntentsTable,
  "begin" | "find" | "hold" | "release" | "finish" | "abandon" | "pendingOlderThan"
>;

interface KeyedDeps<Payload extends object, Answer extends object> {
  intents: Intents;
  /** Whose keys they are: `POST /api/jobs`. */
  route: string;
  jobIds: (payload: Payload) => string[];
  /** Makes what the payload stands for, jobs or a batch of them; what was made already is left alone. */
  accept: (payload: Payload) => Promise<Answer>;
  /** Fails when the owner may have no more jobs. */
  requireQuota: (payload: Payload) => Promise<void>;
  /** After a failure; `false` when the jobs stand. */
  takeBack: (payload: Payload) => Promise<boolean>;
  now: () => number;
  log: Logger;
}

export interface KeyedCall {
  caller: string;
  key: string;
  bodyHash: string;
  /** Whether the caller knows the key, so that a repeat of the call may come. */
  mayBeRepeated: boolean;
}

interface Made<Payload> extends Pick<KeyedCall, "mayBeRepeated"> {
  payload: Payload;
}

export interface Answered<Answer> {
  answer: Answer;
  /** It is the answer of an earlier call with the same key. */
  isReplay: boolean;
}

/**
 * Calls with an `Idempotency-Key`: written down before they take effect, under the job id that they will have, so that a repeat or
 * `finishPending` finishes what a crash interrupted, and nothing is made twice. Fails with `unavailable` without Postgres.
 *
 * What was refused because Redis was away may have been made all the same, or may be made by what is still on its way, and whatever would take it back may be
 * lost with the primary that did. So it keeps its ids, and whoever repeats the call goes on with them at once.
 */
export function createKeyedSubmits<Payload extends object, Answer extends object>({
  intents,
  route,
  jobIds,
  accept,
  requireQuota,
  takeBack,
  now,
  log,
}: KeyedDeps<Payload, Answer>) {
  // Nobody but the functions below writes these two columns, so their shape is not checked again.
  const isPayload = (payload: unknown): payload is Payload => payload instanceof Object;
  const isAnswer = (answer: unknown): answer is Answer => answer instanceof Object;

  async function first(intent: Intent, made: Made<Payload>): Promise<Answered<Answer>> {
    const { payload } = made;
    try {
      await requireQuota(payload);
      const answer = await accept(payload);
      // What was asked for is made: whether the answer is kept does not change that, and a repeat finds it.
      await intents
        .finish(intent.id, answer)
        .catch((err: unknown) => log.warn({ err }, "an answer could not be kept"));
      return { answer, isReplay: false };
    } catch (thrown) {
      // Not waited for, since the caller has waited long enough. What cannot be settled stays pending until a repeat or the sweep.
      void settle(intent, made, thrown).catch((err: unknown) =>
        log.warn({ err }, "a keyed submit stays pending"),
      );
      throw thrown;
    }
  }

  /** A call that took too long may have been finished by a repeat, and answered: what that promised must not be taken back. */
  async function settle(
    intent: Intent,
    { payload, mayBeRepeated }: Made<Payload>,
    thrown: unknown,
  ): Promise<void> {
    if (mayBeRepeated && isUnavailable(thrown)) return await intents.release(intent);
    if ((await intents.hold(intent)) === undefined) return;
    if (await takeBack(payload)) await intents.abandon(intent.id);
  }

  async function finish(intent: Intent): Promise<Answer> {
    const { id, payload } = intent;
    if (!isPayload(payload)) throw new Error("An intent says nothing of its jobs");
    const held = await intents.hold(intent);
    if (held === undefined) throw inProgress();
    try {
      const answer = await accept(payload);
      await intents.finish(id, answer);
      return answer;
    } catch (thrown) {
      // Anything else keeps its place behind what may still succeed.
      if (isUnavailable(thrown))
        await intents
          .release(held)
          .catch((err: unknown) => log.warn({ err }, "a keyed submit stays in hand"));
      throw thrown;
    }
  }

  /** One that cannot be finished keeps no other pending. */
  async function tryToFinish(intent: Intent): Promise<void> {
    try {
      await finish(intent);
    } catch (thrown) {
      if (isUnavailable(thrown)) throw thrown;
      // Somebody else is at it.
      if (thrown instanceof JobcastError && thrown.code === "idempotency_in_progress") return;
      log.error({ err: thrown, intent: intent.id, route }, "a keyed submit cannot be finished");
    }
  }

  async function replay({ kind, row }: Begun, bodyHash: string): Promise<Answered<Answer>> {
    if (row.bodyHash !== bodyHash) {
      throw new JobcastError("idempotency_mismatch", "This key was used for another request");
    }
    if (kind === "done") {
      if (!isAnswer(row.answer)) throw new Error("An intent has no answer");
      return { answer: row.answer, isReplay: true };
    }
    if (now() - row.updatedAt.getTime() > ABANDONED_MS)
      return { answer: await finish(row), isReplay: true };
    throw inProgress();
  }

  return {
    /** What cannot be made into a payload may have been done before, when the files that it refers to were still there. */
    async submit(
      { caller, key, bodyHash, mayBeRepeated }: KeyedCall,
      making: Promise<Payload>,
    ): Promise<Answered<Answer>> {
      const call = { caller, route, key };
      const made = await making.then(
        (payload) => ({ payload }),
        async (thrown: unknown) => {
          const earlier = isRefusal(thrown) ? await intents.find(call) : undefined;
          if (earlier?.row.bodyHash !== bodyHash) throw thrown;
          return { earlier };
        },
      );
      if ("earlier" in made) return await replay(made.earlier, bodyHash);
      const { payload } = made;
      const begun = await intents.begin({ ...call, bodyHash, jobIds: jobIds(payload), payload });
      return begun.kind === "new"
        ? await first(begun.row, { payload, mayBeRepeated })
        : await replay(begun, bodyHash);
    },

    /** Finishes what dead processes left pending, as far as it can be; fails with `unavailable`. */
    async finishPending(): Promise<void> {
      for (const intent of await intents.pendingOlderThan(ABANDONED_MS)) {
        if (intent.route === route) await tryToFinish(intent);
      }
    },
  };
}

const inProgress = () =>
  new JobcastError(
    "idempotency_in_progress",
    "The first request with this key is being worked on",
    { retryAfterSeconds: 1 },
  );

const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof JobcastError && thrown.status < 500;
