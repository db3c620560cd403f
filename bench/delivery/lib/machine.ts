import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

const PACKAGES = [
  "socket.io",
  "@socket.io/redis-adapter",
  "@socket.io/redis-emitter",
  "ioredis",
  "bullmq",
  "ws",
];

/** What the numbers of a run depend on. */
export function machine() {
  return {
    node: process.version,
    redis: /v=(\S+)/.exec(execFileSync("redis-server", ["--version"], { encoding: "utf8" }))?.[1],
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
  };
}
export type Machine = ReturnType<typeof machine>;

function versionOf(name: string): unknown {
  const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
