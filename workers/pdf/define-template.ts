import type { Static, TSchema } from "typebox";
import type { Paper } from "./layout/paper.ts";

/**
 * A kind of document that jobs can ask for by the name of its folder: `templates/<name>/template.ts` exports `template`. The schema is checked at
 * submit; `render` loads what it draws with, since gateways load templates too.
 */
export interface Template<Data extends TSchema = TSchema> {
  /** Of the `data` of a job. Its `{data}` has 16 KiB at most. */
  data: Data;
  /** Goes into the document and the result. */
  title(data: Static<Data>): string;
  /** Draws from top to bottom; pages and their numbers come by themselves. The same data must make the same document. */
  render(paper: Paper, data: Static<Data>): Promise<void>;
}

export const defineTemplate = <Data extends TSchema>(template: Template<Data>): Template<Data> =>
  template;
