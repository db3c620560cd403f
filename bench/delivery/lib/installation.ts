import { queueName } from "../../../src/contract/names.ts";

/** Of Jobcast in this bench; partitions are the default. */
export const PREFIX = "bench";
export const PARTITIONS = 16;
/** Where the jobs are whose progress is told. */
export const QUEUE = queueName("image", "normal");
