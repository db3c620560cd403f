import { prepare, root } from "./prepare.mjs";
import { REDIS } from "./programs.mjs";
import { replaceBy } from "./replace-by.mjs";

const node = prepare({ programs: process.env.REDIS_URL ? [] : [REDIS], withDev: false });
const main = `${root}/src/main.ts`;

// From the second start on npm finds the right Node itself, and there is one process only.
if (node === process.execPath) await import(main);
else replaceBy([node, main, ...process.argv.slice(2)]);
