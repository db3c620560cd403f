import { type Answer, bad, good, type JobcastError } from "./answer.ts";
import { createCell, type Readable } from "./cell.ts";
import type { Http } from "./http.ts";
import { backoff, pause } from "./pause.ts";

export interface UploadOptions {
  /** Shown with the job; that of a `File` when left out. */
  name?: string;
  contentType?: string;
}

export interface UploadState {
  /** `waiting` while nothing gets through: it goes on by itself. */
  status: "uploading" | "waiting" | "paused" | "done" | "failed" | "cancelled";
  sentBytes: number;
  totalBytes: number;
  /** Of `waiting` and `failed`. */
  error: JobcastError | null;
}

/** A file on its way to the gateway by tus 1.0: what has arrived once is not sent again, whatever is cut off. */
export interface Upload {
  state: Readable<UploadState>;
  /** Resolves to what a job takes as input. */
  done: Promise<Answer<{ uploadId: string }>>;
  pause(): void;
  resume(): void;
  /** Has the gateway forget what it has. */
  cancel(): void;
}

const TUS = { "tus-resumable": "1.0.0" };

/** So many times in a row without a byte getting through, over some three minutes. */
const TRIES = 10;

/** Begins at once. It stands by itself, so that a page which uploads nothing does not load it. */
export function upload(
  { http }: { http: Http },
  file: Blob,
  { name = file instanceof File ? file.name : "", contentType = file.type }: UploadOptions = {},
): Upload {
  const first: UploadState = {
    status: "uploading",
    sentBytes: 0,
    totalBytes: file.size,
    error: null,
  };
  const state = createCell(first);
  const life = new AbortController();
  let sending = new AbortController();
  let path: string | undefined;
  let wake = (): void => undefined;

  const show = (changed: Partial<UploadState>): void => state.set({ ...state.get(), ...changed });

  async function create(): Promise<Answer<number>> {
    const words = { filename: name, filetype: contentType };
    const metadata = Object.entries(words)
      .filter(([, word]) => word !== "")
      .map(([key, word]) => `${key} ${toBase64(word)}`);
    const answer = await http.ask("/api/uploads", {
      method: "POST",
      headers: {
        ...TUS,
        "upload-length": `${file.size}`,
        ...(metadata.length === 0 ? {} : { "upload-metadata": metadata.join(",") }),
      },
      signal: life.signal,
    });
    if (!answer.ok) return answer;
    const id = answer.value.headers.get("location")?.split("/").at(-1) ?? "";
    path = `/api/uploads/${id}`;
    return good(0);
  }

  async function whereItStands(): Promise<Answer<number>> {
    if (path === undefined) return await create();
    const answer = await http.ask(path, {
      method: "HEAD",
      headers: TUS,
      signal: life.signal,
    });
    return answer.ok ? good(Number(answer.value.headers.get("upload-offset"))) : answer;
  }

  /** Sends what is missing from `offset` on; resolves to how far that came. */
  async function send(offset: number): Promise<Answer<number>> {
    const sent = await http.send(path ?? "", {
      method: "PATCH",
      headers: {
        ...TUS,
        "upload-offset": `${offset}`,
        "content-type": "application/offset+octet-stream",
      },
      body: file.slice(offset),
      signal: sending.signal,
      onProgress: (bytes) => show({ sentBytes: offset + bytes }),
    });
    return sent.ok ? good(Number(sent.value)) : sent;
  }

  const isHeld = (): boolean => state.get().status === "paused" || life.signal.aborted;

  async function run(): Promise<Answer<{ uploadId: string }>> {
    let failures = 0;
    let furthest = -1;
    for (;;) {
      if (state.get().status === "paused") await new Promise<void>((resolve) => (wake = resolve));
      if (life.signal.aborted) return bad("aborted", "Given up");
      sending = new AbortController();
      const there = await whereItStands();
      if (isHeld()) continue;
      if (there.ok) {
        show({ status: "uploading", sentBytes: there.value, error: null });
        if (there.value > furthest) failures = 0;
        furthest = Math.max(furthest, there.value);
      }
      const answer = there.ok && there.value < file.size ? await send(there.value) : there;
      if (answer.ok && answer.value >= file.size) {
        show({ status: "done", sentBytes: file.size, error: null });
        return good({ uploadId: (path ?? "").split("/").at(-1) ?? "" });
      }
      if (answer.ok || isHeld()) continue;
      failures += 1;
      const { error } = answer;
      // 409: it stands elsewhere than we thought, and says so when asked.
      const passes = error.retryable || error.status === 409 || error.status === 423;
      if (!passes || failures > TRIES) {
        show({ status: "failed", error });
        return answer;
      }
      show({ status: "waiting", error });
      await pause(backoff(failures), life.signal);
    }
  }

  return {
    state,
    done: run(),
    pause() {
      if (isOver(state.get())) return;
      show({ status: "paused" });
      sending.abort();
    },
    resume() {
      if (state.get().status !== "paused") return;
      show({ status: "uploading" });
      wake();
    },
    cancel() {
      if (isOver(state.get())) return;
      show({ status: "cancelled" });
      life.abort();
      sending.abort();
      wake();
      if (path !== undefined)
        void http.ask(path, { method: "DELETE", headers: TUS, isRepeatable: true });
    },
  };
}

const isOver = ({ status }: UploadState): boolean =>
  status === "done" || status === "failed" || status === "cancelled";

/** Of UTF-8, as tus has it. */
const toBase64 = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)));
