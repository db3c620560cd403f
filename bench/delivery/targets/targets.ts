import { jobcast } from "./jobcast.ts";
import { raw } from "./raw.ts";
import type { Target } from "./target.ts";

export const targets: Target[] = [jobcast, raw];

/** What is compared unless something else was asked for: peers as they come, and with the setting that helps them most. */
export const variants = ["jobcast", "jobcast+64", "raw", "raw+64"];
