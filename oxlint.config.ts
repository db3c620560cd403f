import { defineConfig, type OxlintOverride } from "oxlint";

const LIBRARIES = {
  ioredis: { packages: ["ioredis"], edge: "redis and feeds" },
  bullmq: { packages: ["bullmq"], edge: "jobs, recorder and run-worker.ts" },
  socketIo: {
    packages: ["socket.io", "socket.io-parser", "@socket.io/**"],
    edge: "gateway/realtime",
  },
  fastify: { packages: ["fastify", "@fastify/**"], edge: "gateway" },
  kysely: { packages: ["kysely"], edge: "db" },
};

/** A folder imports from those in the rows above its own. */
const RANKS = [
  ["redis", "db", "storage"],
  ["feeds", "jobs", "cases", "notifications"],
  ["recorder", "intake", "metrics"],
  ["gateway", "workers"],
];

/** The folders of its row and below, itself left out. */
function aboveOf(folder: string): string[] {
  const rank = RANKS.findIndex((row) => row.includes(folder));
  return RANKS.slice(rank)
    .flat()
    .filter((other) => other !== folder);
}

interface Edges {
  closed: string[];
  /** Lets type imports from what is closed through. */
  mayKnowTypes?: boolean;
  uses?: (keyof typeof LIBRARIES)[];
}

/** Of several overrides that fit a file the last one counts, so each says all that is closed to it. */
function closedTo(
  files: string,
  { closed, mayKnowTypes = false, uses = [] }: Edges,
): OxlintOverride {
  const folders = {
    group: [...closed.map((folder) => `../**/${folder}/**`), "../**/main.ts"],
    message: `Closed to ${files}`,
    allowTypeImports: mayKnowTypes,
  };
  const libraries = Object.entries(LIBRARIES)
    .filter(([name]) => !uses.some((used) => used === name))
    // Connections are handed from one to the other, so their types are known everywhere.
    .map(([name, { packages, edge }]) => ({
      group: packages,
      message: `Belongs to ${edge}`,
      allowTypeImports: name === "ioredis" || name === "kysely",
    }));
  return restrict(files, [folders, ...libraries]);
}

interface Restriction {
  group?: string[];
  regex?: string;
  message: string;
  allowTypeImports?: boolean;
}

const restrict = (files: string, patterns: Restriction[]): OxlintOverride => ({
  files: [files],
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

const whoMayImportWhom = [
  restrict("src/contract/**", [
    {
      group: ["*", "!typebox", "!typebox/**", "!./**"],
      message: "contract imports the schema library alone",
    },
  ]),
  restrict("src/lib/**", [
    {
      group: ["../**", ...Object.values(LIBRARIES).flatMap(({ packages }) => packages)],
      message: "lib knows nothing of Jobcast",
    },
  ]),
  restrict("src/{config,config-formats,config-schema,secrets,errors}.ts", [
    {
      group: ["./*/**", "!./contract/**", "!./lib/**", "./main.ts"],
      message: "Only contract and lib come before",
    },
  ]),
  closedTo("src/redis/**", { closed: aboveOf("redis"), uses: ["ioredis"] }),
  // A repository stores types of those above it.
  closedTo("src/db/**", { closed: aboveOf("db"), mayKnowTypes: true, uses: ["kysely"] }),
  closedTo("src/storage/**", { closed: aboveOf("storage") }),
  closedTo("src/feeds/**", { closed: aboveOf("feeds"), uses: ["ioredis"] }),
  closedTo("src/jobs/**", { closed: aboveOf("jobs"), uses: ["bullmq"] }),
  closedTo("src/recorder/**", { closed: aboveOf("recorder"), uses: ["bullmq"] }),
  closedTo("src/metrics/**", { closed: aboveOf("metrics") }),
  closedTo("src/gateway/**", { closed: ["workers"], uses: ["fastify", "socketIo"] }),
  closedTo("src/gateway/http/**", { closed: ["workers", "realtime"], uses: ["fastify"] }),
  closedTo("src/gateway/realtime/**", {
    closed: ["workers", "http"],
    uses: ["fastify", "socketIo"],
  }),
  closedTo("workers/**", { closed: ["gateway", "recorder"] }),
  closedTo("workers/run-worker.ts", { closed: ["gateway", "recorder"], uses: ["bullmq"] }),
  // The kit's own `src` is one step up at most.
  restrict("client/{src,react}/**", [
    {
      regex: String.raw`^(\.\./){2,}src/contract/`,
      message: "Browsers get the types of the contract, not its schemas",
      allowTypeImports: true,
    },
    { group: ["../../**/src/**", "!../../**/src/contract/**"], message: "Closed to browsers" },
  ]),
  restrict("web/src/**", [
    {
      regex: String.raw`^(\.\./)+client/|^(\.\./){2,}(src|workers|test)/`,
      message: "The page knows the gateway by @jobcast/client alone",
    },
  ]),
];

export default defineConfig({
  options: { typeAware: true, reportUnusedDisableDirectives: "error" },
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "node"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/consistent-type-imports": "error",
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "node/no-process-env": "error",

    // Objects are closures here, so a method taken out of one still works.
    "typescript/unbound-method": "off",
    // TypeBox is imported as `Type`, its default, and has an export of that name too.
    "import/no-named-as-default": "off",
    // A helper may stand beside its only caller.
    "unicorn/consistent-function-scoping": "off",
  },
  overrides: [
    { files: ["src/config.ts", "setup/**", "test/**"], rules: { "node/no-process-env": "off" } },
    // What loads these files asks for a default export.
    {
      files: [
        "*.config.ts",
        "web/vite.config.ts",
        "workers/*/*.ts",
        "docs/examples/*.ts",
        "test/support/servers.ts",
        "client/test/page.ts",
        "test/browser/support/built-page.ts",
        "test/faults/workers/*.ts",
      ],
      rules: { "import/no-default-export": "off" },
    },
    // Vitest reads the pattern to see which others a fixture needs: none.
    { files: ["test/**"], rules: { "no-empty-pattern": "off" } },
    // `then` is what the contract calls it; a request is data, and never awaited.
    { files: ["src/contract/job.ts", "test/**"], rules: { "unicorn/no-thenable": "off" } },
    ...whoMayImportWhom,
  ],
});
