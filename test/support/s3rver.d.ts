declare module "s3rver" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  /** What is used of it here: the package has no types. */
  export default class S3rver {
    constructor(options: { directory: string; silent: boolean });
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  }
}
