import type { Replicas } from "../../src/redis/replicas.ts";

/** For tests on a server without replicas: what `createReplicas` finds there, without a connection more for each of them. */
export const ALONE: Pick<Replicas, "begin"> = { begin: () => async () => undefined };
