import { goals, type Goal } from "../goals.ts";
import { format } from "./format.ts";
import type { Summary } from "./summary.ts";

/** Jobcast as it comes, against a peer as it comes or with its best setting. */
export interface Compared {
  goal: Goal;
  own: number;
  variant: string;
  theirs: number;
  /** Jobcast's figure over the peer's. */
  ratio: number;
  isMet: boolean;
}

export function compare(summary: Summary[]): Compared[] {
  const find = (goal: Goal, variant: string) =>
    summary.find(
      (row) => row.workload === goal.workload && row.case === goal.case && row.variant === variant,
    )?.figures[goal.figure];
  return goals.flatMap((goal) =>
    [goal.peer, `${goal.peer}+64`].flatMap((variant) => {
      const [own, theirs] = [find(goal, "jobcast"), find(goal, variant)];
      if (own === undefined || theirs === undefined) return [];
      const ratio = own / theirs;
      const isMet = ratio <= (goal.atMost ?? Infinity) && ratio >= (goal.atLeast ?? 0);
      return [{ goal, own, variant, theirs, ratio, isMet }];
    }),
  );
}

/** Events that Jobcast owed and did not bring, in all that was measured. */
export const lostByJobcast = (summary: Summary[]): number =>
  summary
    .filter(({ variant }) => variant.startsWith("jobcast"))
    .reduce((sum, { figures }) => sum + (figures["lost"] ?? 0), 0);

/** As a table of text: the first line is its head. */
export function toLines(compared: Compared[]): string[][] {
  return [
    ["figure", "Jobcast", "against", "theirs", "ratio", "aimed at"],
    ...compared.map(({ goal, own, variant, theirs, ratio, isMet }) => [
      goal.title,
      format(own),
      variant,
      format(theirs),
      `${ratio.toFixed(2)} x`,
      `${goal.atMost === undefined ? `${goal.atLeast} x or more` : `at most ${goal.atMost} x`}${isMet ? "" : ": missed"}`,
    ]),
  ];
}
