import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const run = promisify(execFile);
const KIT = fileURLToPath(new URL("..", import.meta.url));
const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const TSC = join(MODULES, ".bin/tsc");

/** A folder of somebody else's, with the kit as it is published and what that needs. */
async function install(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-kit-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const kit = join(folder, "node_modules/@jobcast/client");
  await run(TSC, ["-p", join(KIT, "tsconfig.build.json"), "--outDir", join(kit, "dist")]);
  await cp(join(KIT, "package.json"), join(kit, "package.json"));
  await mkdir(join(folder, "node_modules/@types"), { recursive: true });
  for (const name of ["socket.io-client", "react", "@types/react", "csstype"])
    await symlink(join(MODULES, name), join(folder, "node_modules", name));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  return folder;
}

test("what is published runs by itself, and the README's lines are right by its types", async () => {
  const folder = await install();
  const readme = await readFile(join(KIT, "README.md"), "utf8");
  const [, page = ""] = /```tsx\n([\s\S]*?)```/.exec(readme) ?? [];
  const [, uploading = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  expect([page, uploading]).not.toContain("");
  await writeFile(
    join(folder, "page.tsx"),
    `declare function fetchToken(): Promise<string>;\n${page}\nexport { App };`,
  );
  await writeFile(
    join(folder, "upload.ts"),
    `import type { Jobcast, UploadState } from "@jobcast/client";
     declare const client: Jobcast; declare const file: File; declare function show(state: UploadState): void;
     ${uploading}\nexport {};`,
  );
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: "nodenext",
    target: "es2022",
    jsx: "react-jsx",
    lib: ["es2022", "dom", "dom.iterable"],
    types: [],
    noEmit: true,
  };
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: ["page.tsx", "upload.ts"] }),
  );
  await run(TSC, ["-p", folder]);

  const script = `import { createJobcast } from "@jobcast/client"; import { useJobs } from "@jobcast/client/react";
    console.log(createJobcast({ token: "" }).connection.get().status, typeof useJobs);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: folder,
  });
  expect(stdout.trim()).toBe("idle function");
});
