import {
  type Jobcast,
  type JobcastError,
  type Upload,
  upload as beginUpload,
} from "@jobcast/client";
import type { Kind } from "../job/kinds.ts";
import { createValue, type Value } from "../ui/value.ts";

/** A file, and what is to be done with it. */
export interface Order {
  file: File;
  kind: Kind;
  options: object;
}

export interface SendingState {
  /** `waiting`: nothing gets through, and it goes on by itself. `handing-in`: all has arrived, and becomes a job. */
  status: "in-line" | "sending" | "waiting" | "paused" | "handing-in" | "failed";
  sentBytes: number;
  error: JobcastError | undefined;
}

/** A file on its way to becoming a job. */
export interface Sending {
  id: string;
  order: Order;
  addedAt: string;
  /** To show before the job has pictures of its own. */
  pictureUrl: string | undefined;
  state: Pick<Value<SendingState>, "get" | "subscribe">;
  /** Goes on, or begins. */
  start(): void;
  pause(): void;
  /** Back into the line: after a pause, or after a failure. */
  queue(): void;
  cancel(): void;
}

export interface SendingEnds {
  /** Another may take its place on the wire. */
  onFree(): void;
  onJob(jobId: string): void;
}

/** Without an answer, it is asked again after so long, or when the browser has a network again. */
const AGAIN_MS = 5000;
const MAX_NAME = 200;
/** Larger pictures take a browser too long to make small. */
const MAX_PICTURE_BYTES = 15_000_000;

export function createSending(
  client: Jobcast,
  order: Order,
  { onFree, onJob }: SendingEnds,
): Sending {
  const id = crypto.randomUUID();
  const { file, kind, options } = order;
  const state = createValue<SendingState>({ status: "in-line", sentBytes: 0, error: undefined });
  let current: Upload | undefined;
  let uploadId: string | undefined;
  let isCancelled = false;

  const show = (changed: Partial<SendingState>): void => state.set({ ...state.get(), ...changed });

  function fail(error: JobcastError): void {
    show({ status: "failed", error });
    onFree();
  }

  async function send(): Promise<void> {
    const mine = beginUpload(client, file);
    current = mine;
    mine.state.subscribe(() => {
      const { status, sentBytes, error } = mine.state.get();
      if (status === "uploading") show({ status: "sending", sentBytes, error: undefined });
      else if (status === "waiting") show({ status, sentBytes, error: error ?? undefined });
      else show({ sentBytes });
    });
    const answer = await mine.done;
    if (isCancelled) return;
    if (!answer.ok) {
      current = undefined;
      return fail(answer.error);
    }
    uploadId = answer.value.uploadId;
    await handIn(uploadId);
  }

  async function handIn(arrived: string): Promise<void> {
    show({ status: "handing-in", sentBytes: file.size, error: undefined });
    const one = { uploadId: arrived };
    const input = kind === "analysis" ? { files: [one] } : one;
    // With one key for this file, a second try cannot make a second job.
    // Of several files a job takes no name from them.
    const metadata = kind === "analysis" ? { name: file.name.slice(0, MAX_NAME) } : {};
    const request = { type: kind, input, options: { ...options }, metadata };
    const answer = await client.submit(request, { key: id });
    if (isCancelled) return;
    if (!answer.ok && answer.error.status === 0) {
      show({ status: "waiting", error: answer.error });
      await untilOnline(AGAIN_MS);
      return isCancelled || state.get().status !== "waiting" ? undefined : await handIn(arrived);
    }
    if (!answer.ok) return fail(answer.error);
    onJob(answer.value.jobId);
    onFree();
  }

  return {
    id,
    order,
    addedAt: new Date().toISOString(),
    pictureUrl:
      kind === "image" && file.size < MAX_PICTURE_BYTES ? URL.createObjectURL(file) : undefined,
    state,
    start() {
      show({ status: "sending", error: undefined });
      if (uploadId !== undefined) void handIn(uploadId);
      else if (current === undefined) void send();
      else current.resume();
    },
    pause() {
      if (uploadId === undefined) current?.pause();
      show({ status: "paused" });
      onFree();
    },
    queue() {
      show({ status: "in-line", error: undefined });
    },
    cancel() {
      isCancelled = true;
      current?.cancel();
      onFree();
    },
  };
}

function untilOnline(mostMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, mostMs);
    const hurry = (): void => {
      clearTimeout(timer);
      resolve();
    };
    addEventListener("online", hurry, { once: true, signal: AbortSignal.timeout(mostMs) });
  });
}
