import { vi } from "vitest";

/** How long is waited for what a test does not say it of. Vitest's own second is short where three files share two cores, and it has no setting for this one. */
const PATIENCE_MS = 15_000;

const { waitFor } = vi;

vi.waitFor = (callback, options = {}) =>
  waitFor(callback, typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options });
