import { openStage } from "./stage.ts";

/** A recorder in a process of its own, until it is killed. */
const [url = "", prefix = "", holder = ""] = process.argv.slice(2);
openStage(url, prefix).recorder({ holder });
