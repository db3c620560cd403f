import type { DialectName } from "../client/dialects.ts";
import type { Processes, Spawned } from "../lib/processes.ts";
import type { SourceName } from "../publisher/main.ts";

export interface StartOptions {
  processes: Processes;
  nodes: number;
  redisUrl: string;
  /** Of Node, for what is measured. */
  flags: string[];
  /** The same for what works beside it. */
  helperFlags: string[];
  /** Of its own, removed when it has ended. */
  folder: string;
  /** Address of an empty database. */
  database: () => Promise<string>;
}

export interface TargetNode extends Spawned {
  port: number;
}

export interface Running {
  nodes: TargetNode[];
  /** What works beside the nodes and is no load. */
  helpers: Spawned[];
}

/** Something that brings events to clients. */
export interface Target {
  name: string;
  title: string;
  dialect: DialectName;
  source: SourceName;
  /** Of one that shares nothing with others. */
  maxNodes?: number;
  /** The same for the progress of jobs, where that is another way. */
  jobs?: SourceName;
  start(options: StartOptions): Promise<Running>;
}
