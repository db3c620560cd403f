import { test as base } from "./redis.ts";
import { openStage } from "./stage.ts";

/** Tests on a stage of their own. */
export const test = base.extend("stage", async ({ redisUrl, prefix }, { onCleanup }) => {
  const stage = openStage(redisUrl, prefix);
  onCleanup(stage.close);
  return stage;
});
