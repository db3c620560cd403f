import { createService, submitExternal } from "./external.ts";
import { someone } from "./gateway.ts";
import { test as base } from "./socket-client.ts";

/** A user who listens on one node, with a job, and a service that works on it from the other. */
export const test = base.extend("setting", async ({ cluster: { a, b, keys }, connect }) => {
  const userId = someone();
  const owner = connect(b.url, { token: b.token(userId) });
  await owner.ready();
  const told = (jobId: string) =>
    owner.heard
      .filter(({ name, data }) => name.startsWith("job-") && data["jobId"] === jobId)
      .map(({ name, data }) => ({ name, data }));
  return {
    a,
    b,
    keys,
    userId,
    user: createService(b.token(userId)),
    service: createService(a.token(someone(), { roles: ["service"] })),
    submit: (request: object = {}) => submitExternal(b, b.token(userId), request),
    told,
    /** Facts alone, in the order heard. */
    facts: (jobId: string) =>
      told(jobId)
        .map(({ name }) => name)
        .filter((name) => name !== "job-progress"),
    read: async (jobId: string) => (await b.get(`/api/jobs/${jobId}`, b.token(userId))).body,
  };
});

/** A report that comes too late, or from somebody else. */
export const refused = (code: string) => ({ status: 409, body: { code } });
