import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** One project per folder of test/; what only some of them need is started for those alone. */
const projects = [
  { name: "unit" },
  { name: "integration", globalSetup: ["test/support/servers.ts"], testTimeout: 20_000 },
  { name: "conformance", globalSetup: ["test/support/servers.ts"], testTimeout: 20_000 },
  // Its processes want both cores, and what they do must not be slowed by another file's.
  {
    name: "cluster",
    globalSetup: ["test/support/servers.ts"],
    testTimeout: 120_000,
    fileParallelism: false,
  },
];

export default defineConfig({
  test: {
    hookTimeout: 30_000,
    // Most tests wait for others; by default vitest leaves a core to itself, and of two that is one.
    maxWorkers: 2,
    projects: projects
      .filter(({ name }) => existsSync(new URL(`test/${name}`, import.meta.url)))
      .map((project) => ({
        extends: true,
        test: { ...project, include: [`test/${project.name}/**/*.test.ts`] },
      })),
  },
});
