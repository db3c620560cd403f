import { buildPage } from "./page.mjs";
import { prepare, root } from "./prepare.mjs";

const node = prepare({ programs: [], withDev: true });
process.exitCode = buildPage({ root, node }) ? 0 : 1;
