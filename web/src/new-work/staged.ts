import { useReducer } from "react";
import type { Kind } from "../job/kinds.ts";
import { guessKind } from "./guess-kind.ts";

/** A file that was chosen and is not sent yet. */
export interface Staged {
  id: string;
  file: File;
  kind: Kind | undefined;
}

type Change =
  | { what: "add"; files: readonly File[] }
  | { what: "kind"; id: string; kind: Kind }
  | { what: "remove"; ids: readonly string[] };

function change(staged: readonly Staged[], now: Change): readonly Staged[] {
  if (now.what === "add") return [...staged, ...now.files.map(toStaged)];
  if (now.what === "remove") return staged.filter(({ id }) => !now.ids.includes(id));
  return staged.map((one) => (one.id === now.id ? { ...one, kind: now.kind } : one));
}

const toStaged = (file: File): Staged => ({ id: crypto.randomUUID(), file, kind: guessKind(file) });

export const useStaged = () => useReducer(change, []);
