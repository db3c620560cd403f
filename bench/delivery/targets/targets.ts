import { jobcast } from "./jobcast.ts";
import { nchan } from "./nchan.ts";
import { queueEvents } from "./queue-events.ts";
import { raw } from "./raw.ts";
import { streams } from "./streams.ts";
import type { Target } from "./target.ts";
import { ws } from "./ws.ts";

export const targets: Target[] = [jobcast, raw, queueEvents, ws, streams, nchan];

/** What is compared unless something else was asked for: peers as they come, and with the setting that helps them most. */
export const variants = [
  "jobcast",
  "jobcast+64",
  "raw",
  "raw+64",
  "queue-events",
  "queue-events+64",
  "ws",
  "streams",
  "nchan",
];
