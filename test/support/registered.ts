import type { Worker } from "bullmq";
import { createWorkerRegistry } from "../../src/jobs/worker-registry.ts";
import type { Stage } from "./stage.ts";

/** Says that a worker is alive, for as long as a test runs. */
export async function register(
  { redis, keys }: Pick<Stage, "redis" | "keys">,
  worker: Pick<Worker, "name" | "concurrency">,
  id = "worker-1",
): Promise<void> {
  const queues = { [worker.name]: { concurrency: worker.concurrency, active: 0 } };
  await createWorkerRegistry({ redis, keys }).pulse({ id, queues });
}
