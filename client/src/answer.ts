/** What went wrong. `code` is one of docs/protocol.md's, or `offline` when no answer came, `aborted` when the page gave up. */
export interface JobcastError {
  code: string;
  /** For people. */
  message: string;
  /** Whether the same call may succeed later. */
  retryable: boolean;
  /** Of HTTP; 0 without an answer. */
  status: number;
}

/** Nothing of the kit throws into the page: calls resolve to this. */
export type Answer<Value> = { ok: true; value: Value } | { ok: false; error: JobcastError };

export const good = <Value>(value: Value): Answer<Value> => ({ ok: true, value });

export const bad = (
  code: string,
  message: string,
  { retryable = false, status = 0 }: Partial<Pick<JobcastError, "retryable" | "status">> = {},
): { ok: false; error: JobcastError } => ({
  ok: false,
  error: { code, message, retryable, status },
});
