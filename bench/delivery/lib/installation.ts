/** Of Jobcast in this bench; partitions are the default. */
export const PREFIX = "bench";
export const PARTITIONS = 16;
