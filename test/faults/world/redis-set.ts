import type { RedisClient } from "../../../src/redis/connect.ts";
import type { ServerMember } from "./redis-member.ts";

/** How the processes of Jobcast find their Redis. */
export const REDIS_KINDS = ["sentinel", "cluster"] as const;
export type RedisKind = (typeof REDIS_KINDS)[number];

/** Several servers, of which one has the queue that most jobs go through: the primary. */
export interface RedisSet {
  /** How the processes of Jobcast are told where Redis is. */
  env: Record<string, string>;
  /** To whoever has what is asked for. */
  control(): RedisClient;
  /** Who is the primary now. */
  primary(): Pick<ServerMember, "link" | "url">;
  /** Nothing more arrives over the links of such a name, in either direction, and none of them is closed. New ones are not concerned. Returns how many there are; none in a cluster. */
  hang(name: RegExp): number;
  /** Names of those that hang and have not been given up by whoever opened them. */
  hanging(): string[];
  /** Cuts all links of a type, at all servers that are asked; returns how many. */
  killLinks(type: string): Promise<number>;
  /** Deletes everything. */
  flush(): Promise<void>;
  /** Ends the primary, in order or as a power failure does, and starts it again before anyone takes its place. */
  restart(how: Ending): Promise<void>;
  /** Resolves when the replica is the primary: asked to by an operator, or since the primary was killed. */
  failOver(how: Ending): Promise<void>;
  /** Cuts the primary off from its replica and the sentinels, while clients still reach it; resolves when it has a successor and none of them is left. Not of a cluster. */
  isolatePrimary(): Promise<void>;
  /** Resolves when there is a replica again that has everything. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export type Ending = "in order" | "killed";
