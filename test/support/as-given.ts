import type { ResolveInput } from "../../src/jobs/resolve-input.ts";

/** For requests that refer to nothing: there is nobody to ask. */
export const asGiven: ResolveInput = async (asked) => {
  if ("data" in asked || "url" in asked || "file" in asked) return asked;
  throw new Error("The request refers to files");
};
