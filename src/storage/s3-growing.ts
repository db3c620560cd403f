import { randomUUID } from "node:crypto";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { JobcastError } from "../errors.ts";
import { checkGrowingId, checkKey } from "./file-keys.ts";
import type { Objects } from "./s3-objects.ts";
import { PART_BYTES } from "./s3-parts.ts";
import type { GrowingFiles } from "./store.ts";

/** No key begins so. */
export const GROWING = ".growing/";
const MAX_PARTS = 9000;

/** What is kept of a growing file, as an object of its own: S3 adds to none. */
const Growth = Type.Object({
  key: Type.String(),
  partBytes: Type.Integer(),
  /** Of the object in parts, once there is one. */
  id: Type.Union([Type.String(), Type.Null()]),
  parts: Type.Array(Type.Object({ etag: Type.String(), bytes: Type.Integer() })),
  /** What is too small for a part yet, by the name of its object. */
  tail: Type.Union([Type.Object({ name: Type.String(), bytes: Type.Integer() }), Type.Null()]),
});
type Growth = Static<typeof Growth>;
const isGrowth = Compile(Growth);

/**
 * Growing files in a bucket: whole parts of an object that is not there yet, and an object for the rest. The state names both and is written after them, so that a process killed in the
 * middle costs what came since the last part, and no more.
 */
export function createS3GrowingFiles(objects: Objects): GrowingFiles {
  const folderOf = (id: string): string => `${GROWING}${checkGrowingId(id)}/`;

  async function read(id: string): Promise<Growth | undefined> {
    const content = await objects.read(`${folderOf(id)}state`);
    if (content === undefined) return undefined;
    const state: unknown = JSON.parse(Buffer.from(content).toString());
    if (!isGrowth.Check(state)) throw new Error(`The state of upload ${id} is malformed`);
    return state;
  }

  const write = (id: string, state: Growth) =>
    objects.put(`${folderOf(id)}state`, Buffer.from(JSON.stringify(state)));

  async function readTail(id: string, { tail }: Growth): Promise<Uint8Array> {
    if (tail === null) return Buffer.alloc(0);
    const content = await objects.read(`${folderOf(id)}${tail.name}`);
    if (content?.length !== tail.bytes) throw new Error(`The end of upload ${id} is missing`);
    return content;
  }

  async function addPart(state: Growth, id: string, content: Uint8Array): Promise<Growth> {
    const number = state.parts.length + 1;
    const part = await objects.putPart(state.key, { id, number, content });
    return { ...state, id, parts: [...state.parts, part], tail: null };
  }

  async function removeFolder(id: string): Promise<void> {
    for await (const { key } of objects.list(folderOf(id))) await objects.remove(key);
  }

  const growing: GrowingFiles = {
    async begin(id, key, bytes) {
      const partBytes = Math.max(PART_BYTES, Math.ceil(bytes / MAX_PARTS));
      await write(id, { key: checkKey(key), partBytes, id: null, parts: [], tail: null });
    },

    async size(id) {
      const state = await read(id);
      return state === undefined ? undefined : sizeOf(state);
    },

    async append(id, offset, content, mayKeep = () => true) {
      let state = (await read(id)) ?? raise();
      if (sizeOf(state) !== offset)
        throw new JobcastError("conflict", `The file has ${sizeOf(state)} bytes`);
      let rest = [await readTail(id, state)];
      let size = lengthOf(rest);

      async function keepPart(): Promise<void> {
        const all = Buffer.concat(rest);
        requireRight(mayKeep);
        const multipart = state.id ?? (await objects.beginParts(state.key));
        // Named by whatever is written next: else its parts would stay, unseen and paid for.
        state = { ...state, id: multipart };
        const next = await addPart(state, multipart, all.subarray(0, state.partBytes));
        requireRight(mayKeep);
        await write(id, next);
        // All three at once, and not before: where the part is not in the state, its bytes are in the rest.
        state = next;
        rest = [all.subarray(state.partBytes)];
        size = lengthOf(rest);
      }

      async function keepRest(): Promise<void> {
        if (size === (state.tail?.bytes ?? 0)) return;
        const tail = { name: `rest-${randomUUID()}`, bytes: size };
        requireRight(mayKeep);
        await objects.put(`${folderOf(id)}${tail.name}`, Buffer.concat(rest));
        requireRight(mayKeep);
        const old = state.tail;
        state = { ...state, tail };
        await write(id, state);
        if (old !== null) await objects.remove(`${folderOf(id)}${old.name}`);
      }

      try {
        for await (const chunk of content) {
          rest.push(chunk);
          size += chunk.length;
          while (size >= state.partBytes) await keepPart();
        }
      } finally {
        await keepRest();
      }
      return sizeOf(state);
    },

    async finish(id, key) {
      const state = await read(id);
      if (state !== undefined) await ensure(id, state);
      const stored = (await objects.head(key)) ?? raise();
      await removeFolder(id);
      return stored;
    },

    async discard(id) {
      const state = await read(id);
      if (state !== undefined && state.id !== null) await objects.abortParts(state.key, state.id);
      await removeFolder(id);
    },
  };
  return growing;

  async function ensure(id: string, state: Growth): Promise<void> {
    const isThere = async () => (await objects.head(state.key))?.bytes === sizeOf(state);
    if (await isThere()) return;
    try {
      await complete(id, state);
    } catch (thrown) {
      // Somebody else may have finished it meanwhile, and cleared away what this needs: what counts is that it is there.
      if (!(await isThere())) throw thrown;
    }
  }

  async function complete(id: string, state: Growth): Promise<void> {
    const tail = await readTail(id, state);
    if (state.id === null) {
      await objects.put(state.key, tail);
      return;
    }
    const { parts } = tail.length === 0 ? state : await addPart(state, state.id, tail);
    await objects.completeParts(state.key, state.id, parts);
  }
}

const sizeOf = ({ parts, tail }: Growth): number =>
  parts.reduce((sum, { bytes }) => sum + bytes, tail?.bytes ?? 0);

const lengthOf = (chunks: Uint8Array[]): number =>
  chunks.reduce((sum, { length }) => sum + length, 0);

function requireRight(mayKeep: () => boolean): void {
  if (!mayKeep())
    throw new JobcastError("conflict", "Another request may write this upload by now");
}

function raise(): never {
  throw new JobcastError("not_found", "No such upload");
}
