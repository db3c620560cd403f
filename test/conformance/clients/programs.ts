import { readFileSync } from "node:fs";

/** A client as somebody would run it: in a folder with the file `token`, with `JOBCAST_URL` in its environment. It prints each event as a line of JSON, `{event, data}`. */
export interface Program {
  command: string[];
}

const pathOf = (path: string): string => new URL(`../../../${path}`, import.meta.url).pathname;
const node = (name: string, ...args: string[]): string[] => [
  process.execPath,
  pathOf(`test/conformance/clients/${name}.ts`),
  ...args,
];

export const page = readFileSync(pathOf("docs/protocol.md"), "utf8");

/** Lines of the page, as they stand there. */
function shellFrom(name: string): string[] {
  const [, rest = ""] = page.split(`<!-- client: ${name},`);
  const lines = /```sh\n(.*?)```/s.exec(rest)?.[1];
  if (lines === undefined) throw new Error(`docs/protocol.md has no lines for ${name}`);
  return ["sh", "-c", lines];
}

export const PROGRAMS: Record<string, Program> = {
  "socket.io-client, newest": { command: node("socket-io", "socket.io-client") },
  "socket.io-client 4.0": { command: node("socket-io", "socket.io-client-4.0") },
  // Debian's own: another one that is first on the path has none of its packages.
  "python-socketio": { command: ["/usr/bin/python3", pathOf("docs/examples/listen.py")] },
  curl: { command: shellFrom("curl") },
  wscat: { command: shellFrom("wscat") },
  "a plain WebSocket": { command: node("plain-websocket") },
  "a long poll": { command: node("long-poll") },
};
