import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Hint } from "./hint.mjs";

/** Installs what package-lock.json says, unless it is there. `withDev` false tolerates an installation without development tools. */
export function ensureDependencies({ root, withDev }) {
  const wanted = readPackages(`${root}/package-lock.json`);
  const installed = readPackages(`${root}/node_modules/.package-lock.json`);
  const isThere = ([path, { version, optional, dev }]) =>
    // A folder of this repository has a link among the packages, which has no version.
    path in installed ? installed[path].version === version : optional || (dev && !withDev);
  if (Object.entries(wanted).every(([path, entry]) => path === "" || isThere([path, entry])))
    return;

  console.log("Installing the dependencies (npm ci)");
  // Scripts of dependencies are not needed, and none is trusted.
  const args = [
    "ci",
    "--ignore-scripts",
    "--include=dev",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const { status } = spawnSync("npm", args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Hint("npm ci failed: see above");
}

/** npm notes in node_modules what it has put there, when it is done. */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return {};
  }
}
