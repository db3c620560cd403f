import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { test } from "../support/folder.ts";
import { makeWorkersDir } from "../support/own-worker.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const LOADER = fileURLToPath(new URL("../support/load-workers.ts", import.meta.url));
const SOUND = "input: { type: 'object' }, run: async () => ({})";
const made = (fields: string): string =>
  `import { defineWorker } from "jobcast/worker";\nexport default defineWorker({ ${fields} });\n`;

/** What is wrong, by the file that it is in, and what the operator reads. */
const BAD: [file: string, code: string, says: string | RegExp][] = [
  ["no-export.ts", "export const a = 1;\n", "its default export is not made by defineWorker({…})"],
  [
    "plain.js",
    "export default { type: 'a' };\n",
    "its default export is not made by defineWorker({…})",
  ],
  ["no-type.ts", made(SOUND), "the worker has no `type`"],
  [
    "bad-type.ts",
    made(`type: "image.normal", ${SOUND}`),
    'the type "image.normal" names no queue: it must be 1 to 64 of a-z, 0-9, _ and -',
  ],
  ["no-run.js", made('type: "a", input: "file"'), "the worker has no function `run`"],
  [
    "no-input.js",
    made('type: "a", run: async () => ({})'),
    'the worker has no `input`: a schema of its data, or "file"',
  ],
  [
    "no-schema.js",
    made('type: "a", input: { text: "string" }, run: async () => ({})'),
    "`input` of the worker is no TypeBox or JSON schema",
  ],
  [
    "no-limit.js",
    made(`type: "a", timeoutMs: "5 s", ${SOUND}`),
    "`timeoutMs` of the worker must be a whole number above 0",
  ],
  [
    "taken.ts",
    made(`type: "image", ${SOUND}`),
    /^the type "image" is that of .*workers\/image\/task\.ts already$/,
  ],
  [
    "external.ts",
    made(`type: "external", ${SOUND}`),
    'the type "external" is for services outside',
  ],
  ["sub/task.mjs", "export default {\n", "cannot be loaded: Unexpected end of input"],
  ["syntax.ts", "export default {\n  x: ,\n};\n", /^cannot be loaded: .* \(line 2\)$/],
  ["enum.ts", "enum A { B }\nexport default A;\n", /^cannot be loaded: TypeScript enum is not/],
  [
    "missing.ts",
    'import "no-such-thing";\n',
    /^cannot be loaded: Cannot find package 'no-such-thing'/,
  ],
  ["throws.ts", 'throw new Error("No licence\\nat all");\n', "No licence"],
];

/** Runs a program that is expected to end by itself; nothing of the surroundings is in its environment. */
async function run(program: string, args: string[], env: Record<string, string> = {}) {
  const path = process.env["PATH"] ?? "";
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: path, ...env } });
  const output = [text(child.stdout), text(child.stderr), once(child, "exit")] as const;
  const [printed, errors, [code]] = await Promise.all(output);
  return { code, printed, errors };
}

describe("a folder of workers", () => {
  test("is refused for each thing that can be wrong, with the file and one line", async ({
    folder,
  }) => {
    const good = { "good.ts": made(`type: "good", ${SOUND}`) };
    const dirs = [];
    for (const [i, [file, code]] of BAD.entries())
      dirs.push(await makeWorkersDir(join(folder, `${i}`), { [file]: code, ...good }));
    const { printed, errors } = await run(LOADER, [...dirs, join(folder, "nowhere"), folder]);
    expect(errors).toBe("");
    const problems: unknown[] = JSON.parse(printed);
    for (const [i, [file, , says]] of BAD.entries()) {
      const name = `${relative(process.cwd(), join(dirs[i] ?? "", file))}: `;
      const problem = String(problems[i]);
      expect.soft(problem.slice(0, name.length)).toBe(name);
      expect
        .soft(problem.slice(name.length))
        .toEqual(typeof says === "string" ? says : expect.stringMatching(says));
    }
    expect(problems.slice(BAD.length)).toEqual([
      `WORKERS_DIR ${folder}/nowhere is no folder that can be read`,
      "",
    ]);
  });

  test("that is refused stops the start of any role with nothing but that line", async ({
    folder,
  }) => {
    const dir = await makeWorkersDir(folder, { "own.ts": made(SOUND) });
    const env = { WORKERS_DIR: dir, DATA_DIR: folder };
    const { code, printed, errors } = await run(MAIN, ["gateway"], env);
    const name = relative(process.cwd(), join(dir, "own.ts"));
    expect({ code, printed, errors }).toEqual({
      code: 1,
      printed: "",
      errors: `${name}: the worker has no \`type\`\n`,
    });
  });
});
