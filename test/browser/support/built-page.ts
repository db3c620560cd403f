import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const BUILD = fileURLToPath(new URL("../../../setup/build.mjs", import.meta.url));

/** The page as it is now, also when tests are not run by `npm test`. */
export default function setup(): void {
  const { status } = spawnSync(process.execPath, [BUILD], { stdio: "inherit" });
  if (status !== 0) throw new Error("Without the page there is nothing to look at");
}
