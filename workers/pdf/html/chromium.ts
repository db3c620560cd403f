import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Readable, Duplex, Writable } from "node:stream";
import { WorkerError } from "../../../src/errors.ts";

export interface Browser {
  /** To its DevTools. It ends by itself when this is closed, so also when our process is killed. */
  pipe: { read: Readable; write: Writable };
  /** Resolves when it is gone. */
  close(): Promise<void>;
}

export interface LaunchOptions {
  /** For its profile and all else that it writes. */
  folder: string;
  /** Where programs are found. */
  path: string;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

const CLOSE_MS = 3000;
/** The folder itself, in which it runs: it makes a socket there, and the name of a socket has 107 bytes at most. */
const NEARBY = ".";

/** Nobody answers there: what gets past all else ends here, names and addresses alike. */
const NOWHERE = ["--proxy-server=http://nowhere.invalid:1", "--proxy-bypass-list=<-loopback>"];
const NO_NAMES = "--host-resolver-rules=MAP * ~NOTFOUND";

const SWITCHES = [
  "--headless",
  "--remote-debugging-pipe",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-extensions",
  "--disable-default-apps",
  "--disable-breakpad",
  "--disable-crash-reporter",
  "--disable-quic",
  "--disable-domain-reliability",
  "--disable-features=Translate,MediaRouter,OptimizationHints,NetworkPrediction,AutofillServerCommunication",
  "--no-pings",
  "--password-store=basic",
  "--blink-settings=scriptEnabled=false",
  "--hide-scrollbars",
  "--mute-audio",
  ...NOWHERE,
  NO_NAMES,
];

/**
 * The system's Chromium, without network. It stays in our process group, and so is killed with us. Fails with `engine_unavailable`.
 *
 * Started here and not by a library: those put the browser into a group of its own.
 */
export async function launch({ folder, path }: LaunchOptions): Promise<Browser> {
  const program = await find(path);
  await mkdir(folder, { recursive: true });
  // Its own sandbox cannot be had by root.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const child = spawn(program, [...SWITCHES, ...sandbox, `--user-data-dir=${folder}`], {
    env: {
      PATH: path,
      HOME: folder,
      TMPDIR: NEARBY,
      XDG_CONFIG_HOME: folder,
      XDG_CACHE_HOME: folder,
    },
    cwd: folder,
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  try {
    await once(child, "spawn");
  } catch (cause) {
    throw unavailable(cause);
  }
  const [, , , write, read] = child.stdio;
  if (!(write instanceof Writable) || !(read instanceof Duplex)) throw unavailable();
  return { pipe: { read, write }, close: () => close(child, write) };
}

async function close(child: ChildProcess, write: Writable): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  // Takes its own processes along, which still write to its profile.
  write.end();
  const patience = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS);
  await exit;
  clearTimeout(patience);
}

async function find(path: string): Promise<string> {
  for (const folder of path.split(delimiter))
    for (const name of NAMES) if (await isProgram(join(folder, name))) return join(folder, name);
  throw unavailable();
}

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

const unavailable = (cause?: unknown): WorkerError =>
  new WorkerError("engine_unavailable", "There is no Chromium here to print HTML with", { cause });
