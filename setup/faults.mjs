import { prepare, root } from "./prepare.mjs";
import { HAPROXY, POSTGRES, REDIS } from "./programs.mjs";
import { replaceBy } from "./replace-by.mjs";

const node = prepare({ programs: [REDIS, HAPROXY, POSTGRES], withDev: true });
replaceBy([node, `${root}/test/faults/run.ts`, ...process.argv.slice(2)]);
