import { nowUs } from "../lib/clock.ts";
import { createHistogram } from "../lib/histogram.ts";
import { type Mark, readMarker } from "../lib/marker.ts";

/** A row of events, each with a number of its own for each client. */
export interface Run {
  phase: number;
  /** The most that one client can hear. */
  perClient: number;
}

export interface Tally {
  hear(client: number, buffer: Buffer, start: number, end: number): void;
  report(expectedOf: (client: number) => number): Report;
}

export interface Report {
  /** Heard by the clients, each event once. */
  received: number;
  lost: number;
  /** Of those lost, such as were followed by a later one that was heard: where only the newest counts, nothing is missing. */
  skipped: number;
  /** Heard more than once by one client. */
  duplicates: number;
  /** Heard after a later one. */
  disordered: number;
  /** In ms from when an event was meant to be sent. */
  p50: number;
  p99: number;
  p999: number;
  max: number;
  /** When the last of them came. */
  lastUs: number;
}

export function createTally({ phase, perClient }: Run, clients: number): Tally {
  const seen = Array.from({ length: clients }, () => new Uint8Array(perClient));
  const received = new Uint32Array(clients);
  const newest = new Int32Array(clients).fill(-1);
  const latencies = createHistogram();
  let duplicates = 0;
  let disordered = 0;
  let max = 0;
  let lastUs = 0;
  const mark: Mark = { phase: 0, k: 0, intendedUs: 0 };

  return {
    hear(client, buffer, start, end) {
      if (!readMarker(buffer, start, end, mark) || mark.phase !== phase) return;
      const mine = seen[client];
      if (mine === undefined) return;
      if (mine[mark.k] === 1) {
        duplicates += 1;
        return;
      }
      mine[mark.k] = 1;
      received[client] = (received[client] ?? 0) + 1;
      if (mark.k < (newest[client] ?? 0)) disordered += 1;
      else newest[client] = mark.k;
      lastUs = nowUs();
      const latency = lastUs - mark.intendedUs;
      latencies.add(latency);
      max = Math.max(max, latency);
    },
    report(expectedOf) {
      let [heard, expected, skipped] = [0, 0, 0];
      for (const [client, many] of received.entries()) {
        heard += many;
        expected += expectedOf(client);
        skipped += (newest[client] ?? -1) + 1 - many;
      }
      return {
        received: heard,
        lost: expected - heard,
        skipped,
        duplicates,
        disordered,
        p50: latencies.quantile(0.5),
        p99: latencies.quantile(0.99),
        p999: latencies.quantile(0.999),
        max: max / 1000,
        lastUs,
      };
    },
  };
}
