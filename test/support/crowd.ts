import type { Redis } from "ioredis";
import type { ImageVariant } from "../../src/contract/job-types/image.ts";
import { userAudience } from "../../src/contract/names.ts";
import { type Keys, partitionOf } from "../../src/redis/keys.ts";
import { fetchToken, makePhoto, submitPhoto } from "./cluster-client.ts";
import { createWitness, type Witness } from "./witness.ts";

/** What a user has: when a connection is lost, a phone stays away while a tablet comes back by itself; a desk sits where nothing happens. */
const DEVICES = ["phone", "tablet", "desk"] as const;
type Device = (typeof DEVICES)[number];

/** What is made of a photograph: the one in no time, the other in a second. */
const QUICK: ImageVariant = { name: "small", width: 160, format: "jpeg" };
export const SLOW: ImageVariant = { name: "half", width: 400, format: "avif" };

/** People who send photographs, and all their devices. */
export interface Crowd {
  witnesses: Witness[];
  /** One of each user. */
  all(device: Device): Witness[];
  /** Ids of all jobs accepted so far, by user. */
  accepted: ReadonlyMap<string, string[]>;
  /** Has the users send so many photographs, in turn, of each of which one picture is made; resolves to the jobs' ids when all are accepted. */
  send(photos: number, variant?: ImageVariant): Promise<string[]>;
  /** Those of the jobs of which some device has heard such an event. */
  ofWhichHeard(event: string, jobIds: string[]): string[];
  /** Jobs whose outcome some device has heard, and accepted ones whose outcome none has. */
  ended(): string[];
  pending(): string[];
  close(): void;
}

export async function gather(url: string, userIds: string[]): Promise<Crowd> {
  const photo = await makePhoto();
  const accepted = new Map<string, string[]>(userIds.map((userId) => [userId, []]));
  const tokens = await Promise.all(userIds.map((userId) => fetchToken(url, userId)));
  const witnesses = userIds.flatMap((userId, i) =>
    DEVICES.map((device, j) =>
      createWitness({
        url,
        token: tokens[i] ?? "",
        userId,
        name: `${userId}-${device}`,
        address: `10.0.${i}.${j}`,
      }),
    ),
  );

  const ended = () => new Set(witnesses.flatMap(({ outcomes }) => [...outcomes().keys()]));

  async function sendOne(i: number, variant: ImageVariant): Promise<string> {
    const user = i % userIds.length;
    const jobId = await submitPhoto(url, tokens[user] ?? "", photo, { variants: [variant] });
    accepted.get(userIds[user] ?? "")?.push(jobId);
    return jobId;
  }

  return {
    witnesses,
    all: (device) => witnesses.filter(({ name }) => name.endsWith(`-${device}`)),
    accepted,
    send: (photos, variant = QUICK) =>
      Promise.all(Array.from({ length: photos }, (_, i) => sendOne(i, variant))),
    ofWhichHeard: (event, jobIds) =>
      jobIds.filter((jobId) =>
        witnesses.some(({ heard }) =>
          heard.some((one) => one.event === event && one.data.jobId === jobId),
        ),
      ),
    ended: () => [...ended()],
    pending: () => {
      const known = ended();
      return [...accepted.values()].flat().filter((job) => !known.has(job));
    },
    close: () => witnesses.forEach((witness) => witness.close()),
  };
}

/** Has devices come back until the load balancer has given each a gateway that suits. */
export async function seat(witnesses: Witness[], suits: (node: string) => boolean): Promise<void> {
  await Promise.all(
    witnesses.map(async (witness) => {
      while (!suits(witness.welcomes().at(-1)?.node ?? "")) await witness.hop();
    }),
  );
}

/** How many facts the feeds of the devices' users hold by now. */
export async function countFacts(
  witnesses: Witness[],
  { redis, keys, partitions }: { redis: Redis; keys: Keys; partitions: number },
): Promise<number[]> {
  return await Promise.all(
    witnesses.map(async ({ userId }) => {
      const feed = userAudience(userId);
      return Number(await redis.hget(keys.meta(partitionOf(feed, partitions), feed), "seq"));
    }),
  );
}
