import type { Job } from "@jobcast/client";
import { createValue, type Value } from "../ui/value.ts";

/** The job of which the page asks whether it is meant to go for good. */
export const askedToRemove: Value<Job | undefined> = createValue<Job | undefined>(undefined);

export const askToRemove = (job: Job): void => askedToRemove.set(job);
