import type { WorkError, WorkInput, WorkResult } from "../src/contract/worker.ts";

/** What a child is given to do. */
export interface Assignment {
  kind: "work";
  /** Address of the module that exports the task. */
  module: string;
  jobId: string;
  run: number;
  input: WorkInput;
  options: unknown;
  /** Folder for what the attempt may leave behind; emptied by the parent. */
  tempDir: string;
  settings: ChildSettings;
}

export interface ChildSettings {
  storeRoot: string;
  maxInputBytes: number;
  fetchTimeoutMs: number;
  allowPrivateUrls: boolean;
  logLevel: string;
}

export type ToChild = Assignment | { kind: "cancel" };

export type FromChild =
  | { kind: "ready" }
  | { kind: "progress"; percent: number; step: string }
  | { kind: "done"; result: WorkResult }
  | { kind: "failed"; error: WorkError };
