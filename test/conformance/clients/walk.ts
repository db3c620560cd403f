import { groupAudience, userAudience } from "../../../src/contract/names.ts";
import { GROUP, type Listener, MAX_FACTS, type World } from "./world.ts";

/** What happens to the clients, in this order. All go through it together, since each takes a second or so to come back. */
export async function walk(world: World): Promise<void> {
  await world.each(({ client }) => client.named("ready").length > 0);
  for (const chapter of [nothingHeard, asItHappens, cut, nodeLeft, tooLong]) await chapter(world);
}

const CREW = groupAudience(GROUP);
export const LAST_OF_GROUP = "the last of the group";
/** Before each fact of its chapter. */
export const CHAPTERS = {
  nothingHeard: "before anything was heard",
  asItHappens: "as it happens",
  cut: "while the line was cut",
  nodeLeft: "while the node left",
  lost: "while nobody listened for too long",
  tooLong: "after that",
} as const;

async function nothingHeard({ line, first, tell, hear }: World): Promise<void> {
  const texts = [1, 2, 3].map((i) => `${CHAPTERS.nothingHeard} ${i}`);
  line.cut();
  await tell(...texts);
  line.pointTo(first.url);
  await hear(texts[2] ?? "");
}

async function asItHappens({ tell, hear }: World): Promise<void> {
  for (const i of [1, 2, 3]) await tell(`${CHAPTERS.asItHappens} ${i}`);
  await hear(`${CHAPTERS.asItHappens} 3`);
}

async function cut(world: World): Promise<void> {
  const { line, first } = world;
  await goOn(world, CHAPTERS.cut, async () => {
    line.cut();
    line.pointTo(first.url);
    const told = new Map(Array.from(world.listeners.values(), (one) => [one, one.told.length]));
    await world.each((one) => one.heard().length > (told.get(one) ?? 0));
  });
}

/** The switch points to the other node before, as a load balancer does. Whoever comes there with a fresh token hears of a group as well. */
async function nodeLeft(world: World): Promise<void> {
  const { line, first, second, tellGroup, each } = world;
  for (const { user, client } of world.listeners.values())
    await client.setToken(second.token(user, { groups: [GROUP] }));
  await goOn(world, CHAPTERS.nodeLeft, async () => {
    line.pointTo(second.url);
    await first.close();
  });
  const inGroup = each(({ heard }) => heard(CREW).length > 0);
  await world.meanwhile((i) => tellGroup(`${i}`), inGroup);
}

/** Of the users' feeds twice as much is told as is kept, for they are trimmed by the hundred; of the group's, one more fact. */
async function tooLong({ line, second, tell, tellGroup, hear, each }: World): Promise<void> {
  line.cut();
  const block = Array.from({ length: 100 }, (_, i) => `${CHAPTERS.lost} ${i}`);
  for (let told = 0; told < 2 * MAX_FACTS; told += block.length) await tell(...block);
  await tellGroup(LAST_OF_GROUP);
  line.pointTo(second.url);
  await each((one) => resyncsOf(one).length > 0 && one.heard(CREW).includes(LAST_OF_GROUP));
  await tell(`${CHAPTERS.tooLong} 1`);
  await hear(`${CHAPTERS.tooLong} 1`);
  line.cut();
  await tell(`${CHAPTERS.tooLong} 2`);
  line.pointTo(second.url);
  await hear(`${CHAPTERS.tooLong} 2`);
}

export const resyncsOf = ({ user, client }: Listener) =>
  client.named("resync").filter(({ feed }) => feed === userAudience(user));

/** Facts go on while it happens, and once more when it has. */
async function goOn(world: World, chapter: string, happen: () => Promise<void>): Promise<void> {
  const { tell, hear, meanwhile } = world;
  await tell(`${chapter}: it begins`);
  await meanwhile((i) => tell(`${chapter} ${i}`), happen());
  await tell(`${chapter}: it is over`);
  await hear(`${chapter}: it is over`);
}
