import type { Arena } from "../lib/arena.ts";
import type { SourceName } from "../publisher/main.ts";
import type { Target } from "../targets/target.ts";

/** What came of one case of a workload, once. */
export interface Row {
  case: string;
  /** In what their names say; `lost`, `duplicates`, `disordered` and `refused` are counts. */
  figures: Record<string, number>;
}

export interface WorkloadContext {
  target: Target;
  isQuick: boolean;
  /** Asked for instead of those of the workload. */
  rates?: number[] | undefined;
  /** Of a target with so many nodes; closed when the workload ends, if it was not before. */
  open(nodes: number, source?: SourceName): Promise<Arena>;
  /** The time that was measured, in µs: what a profile is cut to. */
  measured(fromUs: number, toUs: number): void;
  /** Tells whoever watches the run of something that is no result. */
  report(text: string): void;
}

export interface Workload {
  name: string;
  title: string;
  /** Figures that the document shows. */
  columns: string[];
  /** Names of those that it makes sense for. */
  targets: string[];
  run(context: WorkloadContext): Promise<Row[]>;
}
