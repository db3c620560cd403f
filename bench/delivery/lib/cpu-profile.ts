interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  /** µs of CLOCK_MONOTONIC. */
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

export interface SelfTime {
  name: string;
  /** Of the time in which the process did something. */
  share: number;
}

/** Functions by the time spent in themselves, between two moments. */
export function bySelfTime(profile: CpuProfile, fromUs: number, toUs: number): SelfTime[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let at = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[i] ?? 0;
    at += delta;
    const name = names.get(id) ?? "";
    if (at >= fromUs && at < toUs && name !== IDLE) times.set(name, (times.get(name) ?? 0) + delta);
  }
  const total = [...times.values()].reduce((a, b) => a + b, 0);
  return Array.from(times, ([name, time]) => ({ name, share: time / total })).toSorted(
    (a, b) => b.share - a.share,
  );
}

const IDLE = "(idle)";

function nameOf({
  functionName,
  url,
  lineNumber,
}: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.replace(/^.*\/node_modules\//, "").replace(/^file:.*?\/(?=src\/|bench\/)/, "");
  return `${name} ${file}:${lineNumber + 1}`;
}
