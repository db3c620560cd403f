import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { loadSecrets } from "../../src/secrets.ts";
import { test } from "../support/folder.ts";

const OLD = "old-secret-old-secret-old-secret-old";
const NEW = "new-secret-new-secret-new-secret-new";

describe("the secrets", () => {
  test("are made once, for the owner's eyes only, when development names none", async ({
    folder,
  }) => {
    const DATA_DIR = join(folder, "data");
    const together = await Promise.all(Array.from({ length: 8 }, () => loadSecrets({ DATA_DIR })));
    const again = await loadSecrets({ DATA_DIR });

    expect(again.jwtKeys[0]?.byteLength).toBeGreaterThanOrEqual(32);
    for (const secrets of together) expect(secrets).toEqual(again);
    expect((await stat(join(DATA_DIR, "jwt-secret"))).mode & 0o777).toBe(0o600);
  });

  test("accept two keys while rotating, and the signing key follows the first", async ({
    folder,
  }) => {
    const rotating = await loadSecrets({ DATA_DIR: folder, JWT_SECRET: [NEW, OLD] });
    const rotated = await loadSecrets({ DATA_DIR: folder, JWT_SECRET: [NEW] });

    expect(rotating.jwtKeys.map(String)).toEqual([NEW, OLD]);
    expect(rotating.signingKey).toEqual(rotated.signingKey);
    expect(rotating.signingKey.equals(Buffer.from(NEW))).toBe(false);
  });

  test("sign with SIGNING_SECRET when it is set", async ({ folder }) => {
    const { signingKey } = await loadSecrets({
      DATA_DIR: folder,
      JWT_SECRET: [NEW],
      SIGNING_SECRET: OLD,
    });
    expect(String(signingKey)).toBe(OLD);
  });
});
