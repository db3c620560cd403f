import { spawn } from "node:child_process";
import { access, appendFile, readFile } from "node:fs/promises";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import Type from "typebox";
import type { WorkResult } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import { type Work, type WorkContext, defineWorker } from "../../workers/define-worker.ts";

/** `path` is a file in which an act leaves word, or for which it waits. */
const Options = Type.Object(
  { act: Type.String(), path: Type.Optional(Type.String()), times: Type.Optional(Type.Integer()) },
  { additionalProperties: false },
);
type Probe = Work<{ act: string; path?: string; times?: number }>;
type Act = (work: Probe, context: WorkContext) => Promise<WorkResult>;

const GROW = "const kept = []; setInterval(() => kept.push(Buffer.alloc(100_000_000, 1)), 50)";

const hoard: Buffer[] = [];

const forever = () => new Promise<never>(() => setInterval(() => undefined, 1000));

/** Tells in `path` that a run has begun, in which process. */
const tell = ({ run, options }: Probe) => appendFile(options.path ?? "", `${run} ${process.pid}\n`);

const acts: Record<string, Act> = {
  async echo({ run, input }) {
    return { run, input, pid: process.pid };
  },
  async environment({ run }) {
    return { run, names: Object.keys(process.env), arguments: process.execArgv };
  },
  /** Five hundred steps, as fast as it can. */
  async count(_work, { progress }) {
    for (let i = 1; i <= 500; i += 1) {
      progress(i / 5, `step ${i}`);
      await delay(1);
    }
    return {};
  },
  /** Percentages in a foolish order. */
  async wander(_work, { progress }) {
    for (const percent of [30, 10, Number.NaN, 300, 20]) {
      progress(percent, `${percent}`);
      await delay(120);
    }
    return {};
  },
  /** Goes on talking when it is done. */
  async chatter(_work, { progress }) {
    setInterval(() => progress(50, "left over", "somebody else's words"), 5);
    return { pid: process.pid };
  },
  async save(_work, { save }) {
    return { files: [await save("a.txt", Buffer.from("hello"))] };
  },
  /** Keeps one file, leaves a second unfinished and a temporary one, and dies; from run `times` on it is well. */
  async die({ run, options: { times = 2 } }, { save }) {
    const file = await save("a.txt", Buffer.from("hello"));
    if (run >= times) return { run, files: [file] };
    void save("b.txt", endless());
    await delay(50);
    process.kill(process.pid, "SIGKILL");
    return forever();
  },
  async fail({ run, options: { times = 1 } }, { progress, save }) {
    progress(40, "trying");
    await save("a.txt", Buffer.from("hello"));
    if (run <= times) throw new Error("connect ECONNREFUSED /secret/path");
    return { run };
  },
  async refuse(_work, { save }) {
    await save("a.txt", Buffer.from("hello"));
    throw new WorkerError("input_corrupt", "The file is damaged");
  },
  async boast() {
    return { text: "x".repeat(60_001) };
  },
  async steal() {
    const key = "uploads/of-somebody-else/secret.pdf";
    return { files: [{ key, name: "a", contentType: "text/plain", bytes: 1 }] };
  },
  /** Says something that is no outcome. */
  async babble() {
    process.send?.({ kind: "done", result: "a text" });
    return forever();
  },
  /** Grows by 100 MB every 50 ms. */
  async grow() {
    const kept = [];
    for (;;) {
      kept.push(Buffer.alloc(100_000_000, 1));
      await delay(50);
    }
  },
  /** Keeps so many megabytes when it is over. */
  async keep({ options: { times = 1 } }) {
    hoard.push(Buffer.alloc(times * 1_000_000, 1));
    return { pid: process.pid };
  },
  /** Lets a program grow. */
  async growElsewhere(work) {
    const { pid } = spawn(process.execPath, ["-e", GROW], { stdio: "ignore" });
    await appendFile(work.options.path ?? "", `${work.run} ${pid}\n`);
    return forever();
  },
  /** Takes its core, and hears nothing. */
  async spin(work) {
    await tell(work);
    for (;;);
  },
  /** Stops when told, at once. */
  async obey(work, { signal, save }) {
    await save("a.txt", Buffer.from("hello"));
    void save("b.txt", endless());
    await tell(work);
    await once(signal, "abort");
    throw signal.reason;
  },
  /** Keeps a file, and waits for the file `<path>.<run>`. */
  async wait(work, { save }) {
    await save("a.txt", Buffer.from("hello"));
    await tell(work);
    const path = `${work.options.path}.${work.run}`;
    while (
      !(await access(path).then(
        () => true,
        () => false,
      ))
    )
      await delay(20);
    return { run: work.run, pid: process.pid };
  },
  async look({ input }, { withPath }) {
    return { text: await withPath(input, (path) => readFile(path, "utf8")) };
  },
};

/** A stream that has begun and does not end. */
function endless(): PassThrough {
  const stream = new PassThrough();
  stream.write(Buffer.alloc(100_000));
  return stream;
}

/** A task that does what its options say, as good and bad tasks do. */
// oxlint-disable-next-line import/no-default-export -- children load a task by its default export
export default defineWorker({
  type: "probe",
  accepts: ["file", "url", "data"],
  options: Options,
  maxAttempts: 3,
  timeoutMs: 30_000,
  maxMemoryBytes: 1024 ** 3,
  async run(work, context) {
    const act = acts[work.options.act];
    if (act === undefined) throw new Error(`No act ${work.options.act}`);
    return act(work, context);
  },
});

export const probeModule = import.meta.url;
