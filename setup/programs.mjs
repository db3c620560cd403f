import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter } from "node:path";
import { Hint } from "./hint.mjs";

/** Programs that are not npm packages. `name` is that of the package in Debian and in Homebrew. */
export const REDIS = {
  name: "redis-server",
  homebrew: "redis",
  isThere: () => isOnPath("redis-server") || isOnPath("valkey-server"),
};
export const HAPROXY = { name: "haproxy", homebrew: "haproxy", isThere: () => isOnPath("haproxy") };
export const NGINX = {
  name: "nginx-light",
  homebrew: "nginx",
  isThere: () => isOnPath("nginx") || existsSync("/usr/sbin/nginx"),
};
export const POSTGRES = {
  name: "postgresql",
  homebrew: "postgresql",
  isThere: () => isOnPath("initdb") || hasPostgres(),
};

export const FFMPEG = {
  name: "ffmpeg",
  homebrew: "ffmpeg",
  isThere: () => isOnPath("ffmpeg") && isOnPath("ffprobe"),
};
/** What transcribes where no other engine is set up, and its English model, which is a package of its own in Debian. */
export const POCKETSPHINX = {
  name: "pocketsphinx",
  homebrew: "cmu-pocketsphinx",
  isThere: () => isOnPath("pocketsphinx_continuous"),
};
export const POCKETSPHINX_ENGLISH = {
  name: "pocketsphinx-en-us",
  homebrew: "cmu-pocketsphinx",
  isThere: () => !isOnPath("apt-get") || existsSync("/usr/share/pocketsphinx/model/en-us"),
};
/** Speaks, for the tests of what listens. */
export const FLITE = { name: "flite", homebrew: "flite", isThere: () => isOnPath("flite") };

/** Looks into PDFs, for the tests of what makes them. */
export const QPDF = { name: "qpdf", homebrew: "qpdf", isThere: () => isOnPath("qpdf") };
export const POPPLER = {
  name: "poppler-utils",
  homebrew: "poppler",
  isThere: () => isOnPath("pdfinfo"),
};
/** Prints HTML; whoever runs workers installs it for that, the tests need it. */
export const CHROMIUM = {
  name: "chromium",
  homebrew: "chromium",
  isThere: () => ["chromium", "chromium-browser", "google-chrome"].some(isOnPath),
};
/** Runs the example of a worker in another language, in the tests. */
export const PYTHON = { name: "python3", homebrew: "python", isThere: () => isOnPath("python3") };
/** Clients of other languages, in the tests. Debian's Python finds what Debian installs, whichever Python comes first on the PATH. */
export const PYTHON_SOCKETIO = {
  name: "python3-socketio",
  homebrew: "python",
  isThere: () => !isOnPath("apt-get") || hasPythonPackage("socketio"),
};
export const PYTHON_AIOHTTP = {
  name: "python3-aiohttp",
  homebrew: "python",
  isThere: () => !isOnPath("apt-get") || hasPythonPackage("aiohttp"),
};
export const CURL = { name: "curl", homebrew: "curl", isThere: () => isOnPath("curl") };

/** What the bench of deliveries compares with, beside nginx and packages. */
export const NCHAN = {
  name: "libnginx-mod-nchan",
  homebrew: "nchan",
  isThere: () => existsSync("/usr/lib/nginx/modules/ngx_nchan_module.so"),
};

/** Installs those that are missing, where that needs no password; fails where one is missing still. */
export function ensurePrograms(programs) {
  const missing = installMissing(programs);
  if (missing.length > 0) throw new Hint(howToInstall(missing));
}

/** The same for what can be done without: says what is off. */
export function tryPrograms(programs, whatIsOff) {
  const missing = installMissing(programs);
  if (missing.length > 0) console.log(`${whatIsOff} is off. ${howToInstall(missing)}`);
}

function installMissing(programs) {
  const missing = programs.filter((program) => !program.isThere());
  if (missing.length === 0) return missing;
  const become = isOnPath("apt-get") ? rootPrefix() : undefined;
  if (become === undefined) return missing;
  install(
    become,
    missing.map((program) => program.name),
  );
  return missing.filter((program) => !program.isThere());
}

function install(become, names) {
  console.log(`Installing ${names.join(", ")} (apt-get)`);
  const script = new URL("install-packages.sh", import.meta.url).pathname;
  const [file, ...args] = [...become, "sh", script, ...names];
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) console.error(`${stdout}${stderr}`.trimEnd());
}

/** What to put before a command to run it as root; `undefined` if that cannot be had without a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const canSudo =
    isOnPath("sudo") && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0;
  return canSudo ? ["sudo", "-n"] : undefined;
}

function howToInstall(missing) {
  const command =
    process.platform === "darwin"
      ? `brew install ${[...new Set(missing.map((program) => program.homebrew))].join(" ")}`
      : `apt-get install ${missing.map((program) => program.name).join(" ")}`;
  const isRedis = missing.length === 1 && missing[0] === REDIS;
  return `Missing: install with "${command}" as an administrator${isRedis ? ", or set REDIS_URL to a Redis of your own" : ""}`;
}

function isOnPath(name) {
  return process.env.PATH.split(delimiter).some((folder) => isExecutable(`${folder}/${name}`));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Of Debian: to ask Python itself would take longer than all the rest. */
const hasPythonPackage = (name) => existsSync(`/usr/lib/python3/dist-packages/${name}`);

/** Debian keeps the servers of each version off the PATH. */
function hasPostgres() {
  const root = "/usr/lib/postgresql";
  return (
    existsSync(root) &&
    readdirSync(root).some((version) => isExecutable(`${root}/${version}/bin/initdb`))
  );
}
