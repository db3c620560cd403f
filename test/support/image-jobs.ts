import { randomUUID } from "node:crypto";
import type { ImageOptions } from "../../src/contract/job-types/image.ts";
import { loadTasks } from "../../workers/catalog.ts";
import { test as base } from "./workers.ts";

const found = (await loadTasks()).find(({ task }) => task.type === "image");
if (found === undefined) throw new Error("There is no task for images");

/** For `start`. */
export const imageTask = found;

/** Image jobs through the queue, with their files in the store. */
export const test = base.extend("submitImage", ({ line, store }) => {
  return async (
    content: Buffer,
    { name = "photo.jpg", options = {} }: { name?: string; options?: ImageOptions } = {},
  ): Promise<string> => {
    const { key, bytes } = await store.put(`uploads/${randomUUID()}/${name}`, content);
    const input = { file: { key, name, contentType: "image/jpeg", bytes } };
    return line.add({ type: "image", input, options });
  };
});
