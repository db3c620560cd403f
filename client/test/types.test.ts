import { expectTypeOf, test } from "vitest";
import type * as batch from "../../src/contract/batch.ts";
import type * as http from "../../src/contract/http.ts";
import type * as job from "../../src/contract/job.ts";
import type * as socket from "../../src/contract/socket.ts";
import type * as kit from "../src/types.ts";

/** Written out in the kit, so that an editor shows what each field means and nobody has to install a schema library. */
test("the kit's types are the contract's: the type check fails where they are not", () => {
  expectTypeOf<kit.Lane>().toEqualTypeOf<job.Lane>();
  expectTypeOf<kit.JobStatus>().toEqualTypeOf<job.JobStatus>();
  expectTypeOf<kit.JobError>().toEqualTypeOf<job.JobError>();
  expectTypeOf<kit.ResultFile>().toEqualTypeOf<job.ResultFile>();
  expectTypeOf<kit.Job>().toEqualTypeOf<job.Job>();
  expectTypeOf<kit.JobRequest>().toEqualTypeOf<job.JobRequest>();
  expectTypeOf<kit.Batch>().toEqualTypeOf<batch.Batch>();
  expectTypeOf<kit.QueueStatus>().toEqualTypeOf<http.QueueStatus>();
  expectTypeOf<kit.Ready>().toEqualTypeOf<socket.Ready>();
  expectTypeOf<kit.Resync>().toEqualTypeOf<socket.Resync>();
});
