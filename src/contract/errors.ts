/**
 * Every error code that can cross the wire, with what it means to HTTP and to whoever might try again.
 *
 * `status` is the HTTP status; `retryable` says that the same call may succeed later without a change by the caller.
 * Codes are never renamed or reused.
 */
export const ERROR_CODES = {
  invalid: { status: 400, retryable: false },
  unauthorized: { status: 401, retryable: false },
  token_expired: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  link_invalid: { status: 403, retryable: false },
  origin_not_allowed: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  job_finished: { status: 409, retryable: false },
  job_not_failed: { status: 409, retryable: false },
  stale_claim: { status: 409, retryable: false },
  idempotency_mismatch: { status: 409, retryable: false },
  idempotency_in_progress: { status: 409, retryable: true },
  link_expired: { status: 410, retryable: false },
  too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  invalid_options: { status: 422, retryable: false },
  protocol_unsupported: { status: 400, retryable: false },
  rate_limited: { status: 429, retryable: true },
  quota_exceeded: { status: 429, retryable: true },
  too_many_connections: { status: 429, retryable: true },
  internal: { status: 500, retryable: true },
  unavailable: { status: 503, retryable: true },
  engine_unavailable: { status: 503, retryable: true },
  server_full: { status: 503, retryable: true },
  draining: { status: 503, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * Why a job failed. `retryable` says that another attempt at the same input may succeed; a worker's attempts are
 * repeated by themselves only for those.
 */
export const JOB_ERROR_CODES = {
  input_missing: { retryable: false },
  input_unsupported: { retryable: false },
  input_corrupt: { retryable: false },
  input_too_large: { retryable: false },
  input_encrypted: { retryable: false },
  engine_unavailable: { retryable: true },
  timeout: { retryable: false },
  worker_lost: { retryable: true },
  cancelled: { retryable: false },
  parent_failed: { retryable: false },
  internal: { retryable: true },
} as const satisfies Record<string, { retryable: boolean }>;

export type JobErrorCode = keyof typeof JOB_ERROR_CODES;
