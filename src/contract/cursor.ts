/** A place in a feed: after the fact `seq` of the epoch. On the wire `<epoch>-<seq>`. */
export interface Cursor {
  epoch: string;
  seq: number;
}

const CURSOR = /^([0-9a-z]{1,16}\.[0-9a-z]{1,16})-(0|[1-9][0-9]{0,14})$/;

export const formatCursor = ({ epoch, seq }: Cursor): string => `${epoch}-${seq}`;

/** `undefined` for whatever no feed of ours can have given out. */
export function parseCursor(text: unknown): Cursor | undefined {
  if (typeof text !== "string" || text.length > 64) return undefined;
  const [, epoch, seq] = CURSOR.exec(text) ?? [];
  if (epoch === undefined || seq === undefined) return undefined;
  return { epoch, seq: Number(seq) };
}
