import { type Logger, pino } from "pino";
import pretty from "pino-pretty";

export type { Logger };

export interface LoggerOptions {
  level: string;
  /** For a person at a terminal; else a line of JSON for each entry. */
  isPretty: boolean;
}

/** What a log must never hold, wherever an error or a request carries it in. */
const SECRETS = [
  "req.headers.authorization",
  "req.headers.cookie",
  "*.token",
  "token",
  "err.config",
  "*.authorization",
];

export function createLogger({ level, isPretty }: LoggerOptions): Logger {
  const options = { level, redact: SECRETS };
  if (!isPretty) return pino(options);
  // In this thread: a logging worker of its own would cost 40 MB.
  return pino(
    options,
    pretty({ sync: true, singleLine: true, ignore: "pid,hostname", translateTime: "HH:MM:ss" }),
  );
}
