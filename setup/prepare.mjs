import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "./dependencies.mjs";
import { Hint } from "./hint.mjs";
import { findNode } from "./node.mjs";
import { ensurePrograms } from "./programs.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/**
 * Makes ready what a fresh clone lacks, and says so; silent when nothing is to do. Returns the Node to go on with.
 * Runs on Node 20, so it is plain JavaScript and imports no package.
 */
export function prepare({ programs, withDev }) {
  // Debian keeps servers where PATH does not lead unless one is root.
  process.env.PATH = [process.env.PATH, "/usr/local/sbin", "/usr/sbin"].join(delimiter);
  try {
    ensureDependencies({ root, withDev });
    ensurePrograms(programs);
    return findNode(root);
  } catch (error) {
    if (!(error instanceof Hint)) throw error;
    console.error(error.message);
    return process.exit(1);
  }
}
