import { queueName } from "../contract/names.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import type { Replicas } from "../redis/replicas.ts";
import { type JobRecord, ownerAudience } from "./record.ts";

/** Whether what was promised of jobs would outlive the loss of a primary. */
export interface Kept {
  /** To be called before anything of the jobs is written. Fails with `unavailable` when no replica has all of it. */
  begin(): (records: readonly JobRecord[]) => Promise<void>;
}

interface KeptDeps {
  replicas: Pick<Replicas, "begin">;
  keys: Keys;
  partitions: number;
}

export function createKept({ replicas, keys, partitions }: KeptDeps): Kept {
  function keysOf(record: JobRecord): string[] {
    const owner = ownerAudience(record);
    return [
      keys.job(record.jobId),
      // Its batch lies there too.
      keys.accepted(partitionOf(owner, partitions), owner),
      keys.events(queueName(record.type, record.lane)),
    ];
  }
  return {
    begin() {
      const caughtUp = replicas.begin();
      return (records) => caughtUp(records.flatMap(keysOf));
    },
  };
}
