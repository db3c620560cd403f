import { Compile } from "typebox/compile";
import type { JobRequest } from "../contract/job.ts";
import { userAudience } from "../contract/names.ts";
import type { Metadata } from "../contract/shared.ts";
import type { Caller } from "../contract/tokens.ts";
import { JobcastError } from "../errors.ts";
import { requireFullToken } from "./access.ts";
import type { Catalog, JobType } from "./catalog.ts";
import { readInput, sizeOf, toShown } from "./input.ts";
import { NOT_KNOWN_YET, readFromParent } from "./parent-input.ts";
import type { Submission } from "./jobs.ts";
import { chooseLane } from "./lane.ts";
import { toProblems } from "./problems.ts";
import type { JobRecord } from "./record.ts";
import type { ResolveInput } from "./resolve-input.ts";
import { requireSize } from "./size.ts";

const MAX_METADATA_KEYS = 20;
const MAX_METADATA_BYTES = 2 * 1024;

export interface SubmissionRules {
  catalog: Catalog;
  /** Inputs above this go into the lane `large`. */
  largeJobBytes: number;
  allowPrivateUrls: boolean;
}

/** What makes a record of a submission under a job id at a time (ms since 1970); fails with all that is wrong with it. */
export type CheckSubmission = (
  submission: Submission,
  jobId: string,
  now: number,
) => Promise<JobRecord>;

export function createSubmissionCheck(
  { catalog, largeJobBytes, allowPrivateUrls }: SubmissionRules,
  resolveInput: ResolveInput,
): CheckSubmission {
  const types = new Map(Array.from(catalog.values(), (type) => [type.type, compileType(type)]));

  return async ({ request, caller, file, place }, jobId, now) => {
    requireFullToken(caller);
    const type = types.get(request.type);
    if (type === undefined) throw unknownType(request.type);
    const userId = ownerOf(request, caller);
    requireMetadata(request.metadata);
    const from = place?.parentId ? readFromParent(type, request.input) : undefined;
    const asked =
      from === undefined
        ? readInput({ type, input: request.input, file, allowPrivateUrls })
        : NOT_KNOWN_YET;
    if (from === undefined && "data" in asked) type.requireData(asked.data);
    const options = request.options ?? {};
    type.requireOptions(options);
    // Late, since it asks others and keeps an upload for longer.
    const input = await resolveInput(asked, caller);
    // Of what its parent will make, it is asked when that is there.
    if (from === undefined) type.check?.({ input, options });
    return {
      jobId,
      type: request.type,
      lane: chooseLane({ asked: request.lane, bytes: sizeOf(input), largeJobBytes, caller }),
      userId,
      audiences: [userAudience(userId)],
      caseId: null,
      batchId: place?.batchId ?? null,
      parentId: place?.parentId ?? null,
      metadata: request.metadata ?? {},
      notify: request.notify ?? true,
      input,
      ...(from === undefined ? {} : { from }),
      shown: toShown(input),
      options,
      maxAttempts: type.maxAttempts,
      delayMs: request.delay ?? 0,
      createdAt: new Date(now).toISOString(),
    };
  };
}

function compileType(type: JobType) {
  const options = Compile(type.options);
  const data = type.data === undefined ? undefined : Compile(type.data);
  return {
    ...type,
    requireOptions(value: unknown): void {
      if (options.Check(value)) return;
      const fields = toProblems("/options", options.Errors(value));
      throw new JobcastError(
        "invalid_options",
        `The options do not fit a job of type ${type.type}`,
        { fields },
      );
    },
    requireData(value: unknown): void {
      if (data === undefined || data.Check(value)) return;
      const fields = toProblems("/input/data", data.Errors(value));
      throw new JobcastError("invalid", `The data do not fit a job of type ${type.type}`, {
        fields,
      });
    },
  };
}

function unknownType(type: string): JobcastError {
  const fields = [{ path: "/type", message: "Unknown job type" }];
  return new JobcastError("invalid", `There is no job type ${JSON.stringify(type)}`, { fields });
}

function ownerOf({ userId }: JobRequest, caller: Caller): string {
  if (userId === undefined) return caller.userId;
  if (caller.isAdmin || caller.isService) return userId;
  throw new JobcastError("forbidden", "Only an administrator or a service may set `userId`");
}

function requireMetadata(metadata: Metadata | undefined): void {
  if (metadata === undefined) return;
  if (Object.keys(metadata).length > MAX_METADATA_KEYS) {
    const message = `Must have at most ${MAX_METADATA_KEYS} keys`;
    throw new JobcastError("too_large", "There is too much metadata", {
      fields: [{ path: "/metadata", message }],
    });
  }
  requireSize("/metadata", metadata, MAX_METADATA_BYTES);
}
