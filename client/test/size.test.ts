import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, onTestFinished, test } from "vitest";

/** Bytes of script that a page loads for these imports of the kit, Socket.IO's own client and React left out. */
async function sizeOf(names: string, from: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-size-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const entry = join(folder, "page.js");
  const kit = fileURLToPath(new URL(from, import.meta.url));
  await writeFile(
    entry,
    `import { ${names} } from ${JSON.stringify(kit)};\nwindow.page = [${names}];\n`,
  );
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      modulePreload: false,
      rollupOptions: { input: entry, external: ["socket.io-client", /^react/] },
    },
  });
  const chunks = [built].flat().flatMap((each) => ("output" in each ? each.output : []));
  const code = chunks.map((chunk) => ("code" in chunk ? chunk.code : "")).join("");
  return gzipSync(code, { level: 9 }).length;
}

test("a page loads less than 6 KB for the core, and for uploads and hooks only when it uses them", async () => {
  const core = await sizeOf("createJobcast", "../src/index.ts");
  const uploading = await sizeOf("createJobcast, upload", "../src/index.ts");
  const hooks = await sizeOf("JobcastProvider, useJobs, useJob, useSubmit", "../react/index.ts");
  console.log(`core ${core} bytes, with uploads ${uploading}, hooks ${hooks}`);
  expect(core).toBeGreaterThan(2000);
  expect(core).toBeLessThan(6000);
  expect(uploading).toBeGreaterThan(core + 500);
  expect(uploading).toBeLessThan(7000);
  expect(hooks).toBeLessThan(1500);
});
