import { existsSync } from "node:fs";
import { Hint } from "./hint.mjs";

const NEEDED = 24;

/** The path of a Node that runs TypeScript as it is: this one, or the one among the dependencies. */
export function findNode(root) {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED) return process.execPath;
  const own = `${root}/node_modules/node-${process.platform}-${process.arch}/bin/node`;
  if (existsSync(own)) return own;
  throw new Hint(
    `Node ${NEEDED} or newer is needed and this is ${process.versions.node}: put a newer one first on PATH`,
  );
}
