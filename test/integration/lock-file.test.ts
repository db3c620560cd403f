import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { lockFolder } from "../../src/lib/lock-file.ts";
import { test as base } from "../support/folder.ts";

const PROGRAM = `
  import { lockFolder } from ${JSON.stringify(new URL("../../src/lib/lock-file.ts", import.meta.url).href)};
  try { await lockFolder(process.argv[1]); console.log("locked"); setInterval(() => {}, 1000); }
  catch (error) { console.log(error.message); }
`;

/** Starts a process that locks the folder and stays; tells what it said. */
const test = base.extend("contend", async ({ folder }, { onCleanup }) => {
  const children: ChildProcess[] = [];
  onCleanup(() => children.forEach((child) => child.kill("SIGKILL")));
  return async () => {
    const args = ["--input-type=module-typescript", "--eval", PROGRAM, folder];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const [said] = await once(child.stdout, "data");
    return { child, said: String(said).trim() };
  };
});

describe("a locked folder", () => {
  test("is refused to another process, with the pid of its holder and the remedy", async ({
    folder,
    contend,
  }) => {
    const { child } = await contend();
    const refused = lockFolder(folder);
    await expect(refused).rejects.toThrow(`in use by process ${child.pid}`);
    await expect(refused).rejects.toThrow("set REDIS_URL and DATABASE_URL");
  });

  test("is refused to a second user in the same process, and free after its release", async ({
    folder,
  }) => {
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await release();
    const again = await lockFolder(folder);
    await again();
    expect(await readdir(folder)).toEqual([]);
  });

  test("is taken over when its holder was killed", async ({ folder, contend }) => {
    const { child, said } = await contend();
    expect(said).toBe("locked");
    child.kill("SIGKILL");
    await once(child, "exit");
    await expect(lockFolder(folder)).resolves.toBeTypeOf("function");
  });

  test.runIf(process.platform === "linux")(
    "is taken over when another process has the pid by now",
    async ({ folder }) => {
      await (
        await lockFolder(folder)
      )();
      await writeFile(join(folder, "lock"), `${process.pid} 1 earlier\n`);
      await lockFolder(folder);
      expect(await readFile(join(folder, "lock"), "utf8")).not.toContain("earlier");
    },
  );

  test("goes to one of many that find a stale lock at once", async ({ folder, contend }) => {
    await writeFile(join(folder, "lock"), "4194304000 1 gone\n");
    const contenders = await Promise.all([contend(), contend(), contend(), contend()]);
    expect(contenders.filter(({ said }) => said === "locked")).toHaveLength(1);
  });
});
