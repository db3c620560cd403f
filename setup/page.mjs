import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** What the page is made of. A build is as old as the packages in it. */
const SOURCES = ["web", "client/package.json", "client/src", "client/react", "package-lock.json"];
const NO_SOURCES = ["dist", "node_modules", "test"];
/** In the folder of the build: what it was made from. */
const MARK = ".built-from";
/** Beside `dist` and named for the process that builds, so that two may build at once and a gateway never gives out half a page. */
const BESIDE = ".dist-";
/** Below this a packet holds it anyway. */
const LEAST_BYTES = 1024;

/**
 * Builds the page when its sources have changed. Returns whether there is one that fits them; one line says why not. Where the development tools
 * are left out, as in an image, what is there is taken as it is.
 */
export function buildPage({ root, node }) {
  const vite = `${root}/node_modules/vite/bin/vite.js`;
  const folder = `${root}/web/dist`;
  if (!fs.existsSync(vite) || !fs.existsSync(`${root}/web/index.html`))
    return fs.existsSync(`${folder}/index.html`);
  const wanted = hashOf(root);
  if (read(`${folder}/${MARK}`) === wanted) return true;

  console.log("Building the page (vite build web)");
  removeLeftovers(`${root}/web`);
  const made = `${root}/web/${BESIDE}${process.pid}`;
  try {
    const problem = runVite({ root, node, vite, made });
    if (problem !== undefined) {
      console.error(`The page could not be built: ${problem}`);
      return false;
    }
    compressAll(made);
    fs.writeFileSync(`${made}/${MARK}`, wanted);
    replace(folder, made);
    return true;
  } finally {
    fs.rmSync(made, { recursive: true, force: true });
  }
}

function hashOf(root) {
  const hash = createHash("sha256");
  for (const path of SOURCES.flatMap((source) => filesIn(root, source)))
    hash
      .update(`${path}\0`)
      .update(fs.readFileSync(join(root, path)))
      .update("\0");
  return hash.digest("hex");
}

/** In an order that is always the same. Hidden files are no sources. */
function filesIn(root, path) {
  if (!fs.statSync(join(root, path)).isDirectory()) return [path];
  return fs
    .readdirSync(join(root, path))
    .filter((name) => !name.startsWith(".") && !NO_SOURCES.includes(name))
    .toSorted()
    .flatMap((name) => filesIn(root, `${path}/${name}`));
}

/** Returns what went wrong, if something did. */
function runVite({ root, node, vite, made }) {
  const args = [vite, "build", "web", "--outDir", made, "--emptyOutDir", "--logLevel", "warn"];
  const { status, stdout, stderr, error } = spawnSync(node, args, {
    cwd: root,
    encoding: "utf8",
    // Else a test that starts us would have React built for development.
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1" },
  });
  if (status === 0) return undefined;
  const lines = `${stderr ?? ""}\n${stdout ?? ""}`.split("\n").map((line) => line.trim());
  return (
    error?.message ??
    lines.find((line) => /^(\w*Error\b|\[\w)/.test(line)) ??
    `vite ended with ${status}`
  );
}

/** Once here rather than at each request; the gateway gives out what the browser takes. */
function compressAll(folder) {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    // The document has a nonce put into it for each answer.
    if (!entry.isFile() || entry.name === "index.html") continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = fs.readFileSync(path);
    if (bytes.length < LEAST_BYTES) continue;
    for (const [ending, compress] of [
      ["br", brotliCompressSync],
      ["gz", gzipSync],
    ]) {
      const smaller = compress(bytes);
      if (smaller.length < bytes.length) fs.writeFileSync(`${path}.${ending}`, smaller);
    }
  }
}

function replace(folder, made) {
  const old = `${made}-old`;
  if (fs.existsSync(folder)) fs.renameSync(folder, old);
  try {
    fs.renameSync(made, folder);
  } catch (error) {
    // Another process was faster, with a page of the same sources.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  }
  fs.rmSync(old, { recursive: true, force: true });
}

/** Of builds that were cut off. */
function removeLeftovers(web) {
  for (const name of fs.readdirSync(web)) {
    const pid = name.startsWith(BESIDE) ? Number.parseInt(name.slice(BESIDE.length), 10) : NaN;
    if (pid > 0 && !isAlive(pid)) fs.rmSync(`${web}/${name}`, { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function read(path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
