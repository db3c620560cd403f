import { randomBytes } from "node:crypto";
import { describe, expect, onTestFinished, vi } from "vitest";
import { openGate } from "../../test/support/tcp-gate.ts";
import { upload } from "../src/index.ts";
import { open, someone, test } from "./kit.ts";

const BYTES = 8 * 1024 * 1024;
const someFile = (): File => new File([randomBytes(BYTES)], "größe.bin", { type: "image/png" });

describe("an upload", () => {
  test("that is cut off goes on by itself, and is whole in the end", async ({ cluster: { a } }) => {
    const gate = await openGate(Number(new URL(a.url).port));
    onTestFinished(gate.close);
    const token = a.token(someone());
    const jobcast = open({ url: `http://127.0.0.1:${gate.port}`, token });
    const mine = upload(jobcast, someFile());
    const seen: string[] = [];
    mine.state.subscribe(() => seen.push(mine.state.get().status));
    gate.shut();
    await vi.waitFor(() => expect(mine.state.get().status).toBe("waiting"));
    expect(mine.state.get().error).toMatchObject({ code: "offline" });
    gate.open();
    const done = await mine.done;
    expect(mine.state.get()).toMatchObject({ status: "done", sentBytes: BYTES, error: null });
    const answer = await fetch(`${a.url}/api/uploads/${done.ok ? done.value.uploadId : ""}`, {
      method: "HEAD",
      headers: { "tus-resumable": "1.0.0", authorization: `Bearer ${token}` },
    });
    expect(answer.headers.get("upload-offset")).toBe(`${BYTES}`);
  });

  test("waits while it is paused", async ({ cluster: { a } }) => {
    const jobcast = open({ url: a.url, token: a.token(someone()) });
    const mine = upload(jobcast, someFile());
    mine.pause();
    expect(mine.state.get().status).toBe("paused");
    // What came after it is done, and it is not.
    expect((await upload(jobcast, someFile()).done).ok).toBe(true);
    expect(mine.state.get().status).toBe("paused");
    mine.resume();
    expect((await mine.done).ok).toBe(true);
  });

  test("that is given up is nobody's", async ({ cluster: { a } }) => {
    const jobcast = open({ url: a.url, token: a.token(someone()) });
    const mine = upload(jobcast, someFile());
    mine.cancel();
    expect(await mine.done).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(mine.state.get().status).toBe("cancelled");
    mine.resume();
    mine.pause();
    expect(mine.state.get().status).toBe("cancelled");
  });

  test("that the gateway will not have says why", async ({ cluster: { a } }) => {
    const jobcast = open({ url: a.url, token: "no token" });
    const mine = upload(jobcast, someFile());
    expect(await mine.done).toMatchObject({ ok: false, error: { code: "unauthorized" } });
    expect(mine.state.get().status).toBe("failed");
  });
});
