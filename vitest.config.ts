import { defineConfig } from "vitest/config";

const filesIn = (folder: string): string => `test/${folder}/**/*.test.ts`;

/** They count what their process as a whole has open, or holds in memory. */
const COUNTING = ["lifecycle", "slow"].map((what) => `test/integration/realtime-${what}.test.ts`);

/**
 * They share two cores with a dozen servers and browsers, and now and then one of two thousand is late. Such a one is tried once more, and named at the end of
 * `npm test`: whoever sees one twice should look for what is behind it.
 */
const withServers = { globalSetup: ["test/support/servers.ts"], testTimeout: 60_000, retry: 1 };

/** One project per folder of test/; what only some of them need is started for those alone. */
const projects = [
  // Half of what most files would cost alone is to load what they use: a process that has it goes on with the next file.
  { name: "unit", include: [filesIn("unit")], isolate: false },
  {
    name: "integration",
    include: [filesIn("integration")],
    exclude: COUNTING,
    isolate: false,
    ...withServers,
  },
  { name: "integration-alone", include: COUNTING, ...withServers },
  { name: "web", include: ["web/test/**/*.test.ts"], isolate: false },
  { name: "client", include: ["client/test/**/*.test.ts"], isolate: false, ...withServers },
  {
    name: "react",
    include: ["client/test/**/*.test.tsx"],
    environment: "./client/test/page.ts",
    ...withServers,
  },
  {
    name: "conformance",
    include: [filesIn("conformance")],
    isolate: false,
    ...withServers,
    // The embedded database is made in the first test that wants it.
    testTimeout: 60_000,
  },
  {
    name: "cluster",
    include: [filesIn("cluster")],
    ...withServers,
    testTimeout: 240_000,
    // Each starts processes of its own.
    maxConcurrency: 3,
  },
  // Each file has processes and a browser of its own.
  {
    name: "browser",
    include: [filesIn("browser")],
    ...withServers,
    globalSetup: [...withServers.globalSetup, "test/browser/support/built-page.ts"],
    testTimeout: 60_000,
  },
];

export default defineConfig({
  // The kit as it is here, and not as it was built last.
  resolve: {
    alias: [
      { find: /^@jobcast\/client$/, replacement: `${import.meta.dirname}/client/src/index.ts` },
    ],
  },
  test: {
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    setupFiles: ["test/support/patience.ts"],
    // On two cores. Most tests wait for others; by default vitest leaves a core to itself, and of two that is one.
    maxWorkers: 3,
    projects: projects.map((project) => ({ extends: true, test: project })),
  },
});
