import { prepare, root } from "./prepare.mjs";
import { NCHAN, NGINX, POSTGRES, REDIS } from "./programs.mjs";
import { replaceBy } from "./replace-by.mjs";

const node = prepare({
  programs: [REDIS, POSTGRES],
  useful: [NGINX, NCHAN],
  whatIsOff: "Nchan",
  withDev: true,
});
replaceBy([node, `${root}/bench/delivery/run.ts`, ...process.argv.slice(2)]);
