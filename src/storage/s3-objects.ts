import type { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { ByteRange, ListedFile, StoredFile } from "./store.ts";

export interface Bucket {
  client: S3Client;
  bucket: string;
  /** Begins every key; empty, or ends in `/`. */
  prefix: string;
}

/** A part of an object that comes in several, in their order. */
export interface Part {
  etag: string;
  bytes: number;
}

export interface PutOptions {
  signal?: AbortSignal | undefined;
  /** Leaves what is there. */
  ifAbsent?: boolean;
}

/** The calls of S3 that the store makes, under keys of the store. */
export function createObjects({ client, bucket, prefix }: Bucket) {
  const at = (key: string) => ({ Bucket: bucket, Key: `${prefix}${key}` });

  return {
    /** `false` when there was one already. */
    async put(
      key: string,
      content: Uint8Array,
      { signal, ifAbsent = false }: PutOptions = {},
    ): Promise<boolean> {
      const only = ifAbsent ? { IfNoneMatch: "*" } : {};
      const command = new PutObjectCommand({ ...at(key), Body: content, ...only });
      try {
        await client.send(command, toOptions(signal));
        return true;
      } catch (thrown) {
        if (ifAbsent && [409, 412].includes(statusOf(thrown))) return false;
        throw thrown;
      }
    },

    async head(key: string): Promise<StoredFile | undefined> {
      const answer = await client.send(new HeadObjectCommand(at(key))).catch(absent);
      return answer === undefined ? undefined : { key, bytes: answer.ContentLength ?? 0 };
    },

    async open(key: string, range?: ByteRange): Promise<Readable | undefined> {
      const part = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` };
      const answer = await client.send(new GetObjectCommand({ ...at(key), ...part })).catch(absent);
      const body: unknown = answer?.Body;
      return isReadable(body) ? body : undefined;
    },

    async read(key: string): Promise<Uint8Array | undefined> {
      const answer = await client.send(new GetObjectCommand(at(key))).catch(absent);
      return await answer?.Body?.transformToByteArray();
    },

    async *list(below: string): AsyncGenerator<ListedFile> {
      const asked = { Bucket: bucket, Prefix: `${prefix}${below}` };
      for await (const page of paginateListObjectsV2({ client }, asked)) {
        for (const { Key = "", Size = 0, LastModified } of page.Contents ?? [])
          yield {
            key: Key.slice(prefix.length),
            bytes: Size,
            putAt: LastModified?.getTime() ?? Date.now(),
          };
      }
    },

    async remove(key: string): Promise<void> {
      await client.send(new DeleteObjectCommand(at(key)));
    },

    async beginParts(key: string): Promise<string> {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(at(key)));
      if (UploadId === undefined) throw new Error("S3 gave no id for an object in parts");
      return UploadId;
    },

    /** `number` counts from 1; a part put again replaces the one before. */
    async putPart(
      key: string,
      { id, number, content }: { id: string; number: number; content: Uint8Array },
      signal?: AbortSignal,
    ): Promise<Part> {
      const command = new UploadPartCommand({
        ...at(key),
        UploadId: id,
        PartNumber: number,
        Body: content,
      });
      const { ETag } = await client.send(command, toOptions(signal));
      if (ETag === undefined) throw new Error("S3 gave no tag for a part");
      return { etag: ETag, bytes: content.length };
    },

    async completeParts(key: string, id: string, parts: readonly Part[]): Promise<void> {
      const Parts = parts.map(({ etag }, i) => ({ ETag: etag, PartNumber: i + 1 }));
      await client.send(
        new CompleteMultipartUploadCommand({
          ...at(key),
          UploadId: id,
          MultipartUpload: { Parts },
        }),
      );
    },

    /** What is not there is no error. */
    async abortParts(key: string, id: string): Promise<void> {
      await client
        .send(new AbortMultipartUploadCommand({ ...at(key), UploadId: id }))
        .catch(absent);
    },
  };
}
export type Objects = ReturnType<typeof createObjects>;

const toOptions = (signal: AbortSignal | undefined) =>
  signal === undefined ? {} : { abortSignal: signal };

const isReadable = (body: unknown): body is Readable =>
  typeof body === "object" && body !== null && "pipe" in body;

const statusOf = (thrown: unknown): number =>
  thrown instanceof Error && "$metadata" in thrown
    ? Number(Object(thrown.$metadata).httpStatusCode)
    : 0;

function absent(thrown: unknown): undefined {
  if (statusOf(thrown) === 404) return undefined;
  throw thrown;
}
