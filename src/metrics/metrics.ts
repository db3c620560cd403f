import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What `/metrics` says of a process. Each process has a registry of its own. */
export interface Metrics {
  contentType: string;
  text(): Promise<string>;
  /** A value that is looked up at each scrape. */
  gauge(name: string, help: string, read: () => number): void;
  /** The same, one for each queue that there is something to say of. */
  gaugeOfQueues(
    name: string,
    help: string,
    read: () => Iterable<[queue: string, value: number]>,
  ): void;
  /** Values by queue, counted by the upper bounds of `buckets`; returns the function that takes them. */
  histogramOfQueues(
    name: string,
    help: string,
    buckets: number[],
  ): (queue: string, value: number) => void;
}

export function createMetrics(labels: { node: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    gauge(name, help, read) {
      const gauge = new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      });
      registry.registerMetric(gauge);
    },
    gaugeOfQueues(name, help, read) {
      const gauge = new Gauge({
        name,
        help,
        labelNames: ["queue"],
        registers: [],
        collect() {
          this.reset();
          for (const [queue, value] of read()) this.set({ queue }, value);
        },
      });
      registry.registerMetric(gauge);
    },
    histogramOfQueues(name, help, buckets) {
      const histogram = new Histogram({
        name,
        help,
        buckets,
        labelNames: ["queue"],
        registers: [],
      });
      registry.registerMetric(histogram);
      return (queue, value) => histogram.observe({ queue }, value);
    },
  };
}
