import { pino } from "pino";
import { startWorker } from "./start-worker.ts";

/** A worker for the type `probe` as a process, to be killed or frozen. Logs to its standard output. */
const [redisUrl = "", prefix = "", folder = ""] = process.argv.slice(2);
await startWorker({ redisUrl, prefix, folder, log: pino({ level: "warn" }) });
