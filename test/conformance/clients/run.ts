import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Heard } from "../../support/transports.ts";
import type { Program } from "./programs.ts";

const BIN = new URL("../../../node_modules/.bin", import.meta.url).pathname;

/** A client at work, and what it has printed. */
export interface RunningClient extends AsyncDisposable {
  heard: readonly Heard[];
  named(name: string): Heard["data"][];
  /** What the client connects with from now on. */
  setToken(token: string): Promise<void>;
  /** For whoever wonders why nothing is heard. */
  errors(): string;
}

export async function run(
  { command }: Program,
  { url, token }: { url: string; token: string },
): Promise<RunningClient> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-client-"));
  const setToken = async (text: string) => {
    await writeFile(join(folder, "next"), text);
    await rename(join(folder, "next"), join(folder, "token"));
  };
  await setToken(token);

  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    cwd: folder,
    env: { PATH: [BIN, process.env["PATH"]].join(delimiter), JOBCAST_URL: url },
    // wscat leaves when its input ends.
    stdio: ["pipe", "pipe", "pipe"],
    // A loop of the shell goes with all that it started.
    detached: true,
  });
  const ended = once(child, "close").catch(() => undefined);
  let errors = "";
  child.on("error", ({ message }) => (errors += message));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const heard: Heard[] = [];
  createInterface(child.stdout).on("line", (line) => {
    const { event, data }: { event: string; data: Heard["data"] } = JSON.parse(line);
    heard.push({ name: event, data });
  });
  return {
    heard,
    named: (name) => heard.filter((one) => one.name === name).map(({ data }) => data),
    setToken,
    errors: () => errors,
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
