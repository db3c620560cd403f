import { randomInt } from "node:crypto";

/** An address that no other client of a run has. */
export const someAddress = (): string =>
  `10.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
