import { readFileSync } from "node:fs";

/** Where the gateway is, or what stands before it. */
export const url = process.env["JOBCAST_URL"] ?? "http://127.0.0.1:3000";

/** Read anew each time: whoever keeps the file puts another token in before this one runs out. */
export const readToken = (): string => readFileSync("token", "utf8").trim();

/** What was heard, for whoever started the client. */
export const print = (event: string, data: unknown): void =>
  console.log(JSON.stringify({ event, data }));
