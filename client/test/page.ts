import { builtinEnvironments, type Environment } from "vitest/runtime";

/** A document for what is drawn, with the gateway in the same process: its files are found as on a server. */
const page: Environment = { ...builtinEnvironments.jsdom, name: "page", viteEnvironment: "ssr" };

export default page;
