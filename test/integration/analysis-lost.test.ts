import { describe, expect, vi } from "vitest";
import { test } from "../support/analysis-jobs.ts";
import { isAlive } from "../support/is-alive.ts";
import { killChild } from "../support/kill-child.ts";
import { sendChat } from "../support/openai-server.ts";

describe("an analysis whose child is killed", { timeout: 30_000 }, () => {
  test("while the model thinks is done by another, which asks anew", async ({
    line,
    service,
    submitText,
  }) => {
    // The first that asks is never answered.
    const server = await service((_asked, response) => {
      if (server.asked.length > 1) sendChat(response, "Rain is likely.");
    });
    const jobId = await submitText("It has been cloudy all day.");
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    const lost = await killChild();

    const { events, result } = await line.outcome(jobId, "analysis");

    expect(events.filter(({ event }) => event === "active")).toHaveLength(2);
    expect(result).toEqual({ summary: "Rain is likely.", fields: null });
    expect(server.asked).toHaveLength(2);
    await vi.waitFor(() => expect(lost.filter(isAlive)).toEqual([]));
    expect(await line.files()).toEqual([]);
  });
});
