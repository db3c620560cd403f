import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { buildPage } from "./page.mjs";
import { prepare, root } from "./prepare.mjs";
import * as programs from "./programs.mjs";

const { REDIS, HAPROXY, NGINX, POSTGRES, FFMPEG, POCKETSPHINX, POCKETSPHINX_ENGLISH } = programs;
const { FLITE, QPDF, POPPLER, CHROMIUM, PYTHON, PYTHON_SOCKETIO, PYTHON_AIOHTTP, CURL } = programs;

const speech = [FFMPEG, POCKETSPHINX, POCKETSPHINX_ENGLISH, FLITE];
const documents = [QPDF, POPPLER, CHROMIUM];
const clients = [PYTHON_SOCKETIO, PYTHON_AIOHTTP, CURL];
const node = prepare({
  programs: [REDIS, HAPROXY, NGINX, POSTGRES, ...speech, ...documents, PYTHON, ...clients],
  withDev: true,
});

/** Each has types of its own: of Node, of a browser, or of both. */
const projects = [".", "client", "client/test", "web", "web/test", "test/browser"];

const count = { passed: 0, failed: 0 };
const secondTries = [];
count[buildPage({ root, node }) ? "passed" : "failed"] += 1;
const types = projects.map((folder) => `tsc -p ${folder}`);
for (const command of ["oxfmt --check", "oxlint", ...types]) {
  console.log(`\n${command}`);
  count[run(command.split(" ")) ? "passed" : "failed"] += 1;
}
console.log("\nvitest run");
add(count, runTests(process.argv.slice(2)));

for (const name of secondTries) console.log(`\nOnly at the second try: ${name}`);
console.log(`\n${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;

/** The arguments go to vitest: parts of paths, `-t`, `--project`, `-u`. */
function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), "jobcast-results-"));
  const report = join(folder, "report.json");
  try {
    const isGreen = run([
      "vitest",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...args,
    ]);
    const tests = readReport(report);
    // A failure that is no test's own: a file that does not load, a server that does not start.
    return isGreen || tests.failed > 0 ? tests : { ...tests, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readReport(path) {
  try {
    const report = JSON.parse(readFileSync(path, "utf8"));
    for (const { name, assertionResults } of report.testResults)
      for (const { status, fullName, failureMessages } of assertionResults)
        if (status === "passed" && failureMessages.length > 0)
          secondTries.push(`${name.slice(root.length + 1)}: ${fullName}`);
    return { passed: report.numPassedTests, failed: report.numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

function add(total, more) {
  total.passed += more.passed;
  total.failed += more.failed;
}

function run([file, ...args]) {
  const PATH = [`${root}/node_modules/.bin`, process.env.PATH].join(delimiter);
  const { status } = spawnSync(file, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH },
  });
  return status === 0;
}
