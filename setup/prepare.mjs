import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "./dependencies.mjs";
import { Hint } from "./hint.mjs";
import { findNode } from "./node.mjs";
import { ensurePrograms, tryPrograms } from "./programs.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/**
 * Makes ready what a fresh clone lacks, and says so; silent when nothing is to do. Without `useful` programs the start goes on, and `whatIsOff` is
 * said to be off. Returns the Node to go on with.
 * Runs on Node 20, so it is plain JavaScript and imports no package.
 */
export function prepare({ programs, useful = [], whatIsOff = "", withDev }) {
  // Debian keeps servers where PATH does not lead unless one is root.
  process.env.PATH = [process.env.PATH, "/usr/local/sbin", "/usr/sbin"].join(delimiter);
  try {
    ensureDependencies({ root, withDev });
    ensurePrograms(programs);
    tryPrograms(useful, whatIsOff);
    return findNode(root);
  } catch (error) {
    if (!(error instanceof Hint)) throw error;
    console.error(error.message);
    return process.exit(1);
  }
}
