import Type, { type Static } from "typebox";
import { type WorkInput, WorkError, WorkResult } from "../src/contract/worker.ts";
import type { Engines } from "./engines.ts";

/** What a child is given to do. */
export interface Assignment {
  kind: "work";
  /** Address of the module that exports the task. */
  module: string;
  jobId: string;
  run: number;
  input: WorkInput;
  options: unknown;
  /** Where the stored files of the input are, by their keys. */
  paths: Record<string, string>;
  /** Folder for the files of the result. */
  outDir: string;
  /** Folder for what the attempt may leave behind; emptied by the parent. */
  tempDir: string;
  settings: ChildSettings;
}

export interface ChildSettings {
  maxInputBytes: number;
  fetchTimeoutMs: number;
  allowPrivateUrls: boolean;
  logLevel: string;
  /** Only those that the task uses: a child reads what strangers sent. */
  engines: Engines;
}

export type ToChild = Assignment | { kind: "cancel" };

/** Checked when it arrives: what strangers sent may have taken the child over. */
export const FromChild = Type.Union([
  Type.Object({ kind: Type.Literal("ready") }),
  Type.Object({
    kind: Type.Literal("progress"),
    percent: Type.Number(),
    step: Type.String(),
    text: Type.Optional(Type.String()),
  }),
  Type.Object({ kind: Type.Literal("done"), result: WorkResult }),
  Type.Object({ kind: Type.Literal("failed"), error: WorkError }),
  Type.Object({ kind: Type.Literal("busy"), afterMs: Type.Number({ minimum: 0 }) }),
]);
export type FromChild = Static<typeof FromChild>;
