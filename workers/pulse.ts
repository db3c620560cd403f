import { patiently } from "../src/jobs/patience.ts";
import {
  PULSE_EVERY_MS,
  type WorkerPulse,
  type WorkerRegistry,
} from "../src/jobs/worker-registry.ts";
import type { Logger } from "../src/lib/logger.ts";
import { sleep } from "../src/lib/sleep.ts";

export interface PulseOptions {
  /** Over a strict connection: whoever leaves while Redis is away must not wait for it. */
  registry: Pick<WorkerRegistry, "pulse" | "leave">;
  /** Names this process. */
  id: string;
  /** What it has in hand now. */
  read: () => WorkerPulse["queues"];
  log: Logger;
}

/** Says every two seconds that this process takes jobs, so that estimates can count on it; resolves when it was said for the first time. */
export async function startPulse({ registry, id, read, log }: PulseOptions): Promise<{
  /** It takes no more: nobody should count on it. */
  stop(): Promise<void>;
}> {
  const stopping = new AbortController();
  const pulse = () => registry.pulse({ id, queues: read() });
  const onLost = (err: unknown) => log.debug({ err }, "workers: a pulse was lost");

  async function beatOn(): Promise<void> {
    for (;;) {
      await sleep(PULSE_EVERY_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await pulse().catch(onLost);
    }
  }

  await patiently(pulse).catch(onLost);
  const beating = beatOn();
  return {
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      await beating;
      await registry
        .leave(id)
        .catch((err: unknown) => log.debug({ err }, "workers: cannot leave the registry"));
    },
  };
}
