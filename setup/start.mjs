import { buildPage } from "./page.mjs";
import { prepare, root } from "./prepare.mjs";
import { FFMPEG, POCKETSPHINX, POCKETSPHINX_ENGLISH, REDIS } from "./programs.mjs";
import { replaceBy } from "./replace-by.mjs";

const node = prepare({
  programs: hasRedis() ? [] : [REDIS],
  useful: hasRole("worker") ? programsOfWorkers() : [],
  whatIsOff: "Transcription",
  withDev: false,
});
const main = `${root}/src/main.ts`;
// Without it the gateway does all else.
if (hasRole("gateway")) buildPage({ root, node });

// From the second start on npm finds the right Node itself, and there is one process only.
if (node === process.execPath) await import(main);
else replaceBy([node, main, ...process.argv.slice(2)]);

function hasRedis() {
  const { REDIS_URL, REDIS_CLUSTER_NODES, REDIS_SENTINELS } = process.env;
  return Boolean(REDIS_URL || REDIS_CLUSTER_NODES || REDIS_SENTINELS);
}

/** Without a role named, the process has them all. */
function hasRole(role) {
  const roles = process.argv.slice(2);
  return roles.length === 0 || roles.includes(role);
}

function programsOfWorkers() {
  const hasEngine = process.env.TRANSCRIBE_URL || process.env.TRANSCRIBE_MODEL_DIR;
  return hasEngine ? [FFMPEG] : [FFMPEG, POCKETSPHINX, POCKETSPHINX_ENGLISH];
}
