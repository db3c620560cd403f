/** What may never happen, by its number in the design; `answer` is a submit that never got one. */
export type Invariant = "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8";

export interface Breach {
  invariant: Invariant;
  kind:
    | "hole"
    | "double"
    | "reordered"
    | "differs"
    | "resync"
    | "ready"
    | "dismissed"
    | "no outcome"
    | "other outcome"
    | "taken back"
    | "foreign"
    | "expired"
    | "lost"
    | "doubled"
    | "failed"
    | "unanswered"
    | "backwards"
    | "late word"
    | "slow bystanders"
    | "memory"
    | "unclean end"
    | "not settled";
  /** Whose record shows it; empty when it is nobody's. */
  device: string;
  detail: string;
  /** Of a breach that is about one job. */
  jobId?: string;
}

export const toLine = ({ invariant, kind, device, detail }: Breach): string =>
  `${invariant} ${kind}: ${device === "" ? "" : `${device}: `}${detail}`;

export type Found = Omit<Breach, "device">;
