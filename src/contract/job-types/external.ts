import Type, { type Static } from "typebox";

/** The type of jobs that services outside work on, over HTTP. */
export const EXTERNAL = "external";

export const ExternalOptions = Type.Object({}, { additionalProperties: false });
export type ExternalOptions = Static<typeof ExternalOptions>;
