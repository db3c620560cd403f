import { randomUUID } from "node:crypto";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { type Cluster, startCluster } from "../../support/cluster.ts";
import { test as base } from "../../support/postgres.ts";
import { launchChromium } from "./chromium.ts";
import { createComplaints } from "./complaints.ts";

/** Two gateways behind a load balancer, and what they need: as processes, with the page. */
export interface World extends Cluster {
  /** For anyone; what is claimed is believed. */
  token(sub: string, claims?: object): Promise<string>;
}

export interface Visit {
  /** Signed in as; left out, the page asks. */
  user?: string;
  path?: string;
  /** By another way than the load balancer. */
  from?: string;
  width?: "phone" | "desktop";
  isDark?: boolean;
}

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const NODES = {
  "gateway-1": ["gateway"],
  "gateway-2": ["gateway"],
  recorder: ["recorder"],
  worker: ["worker"],
};

/** A user of the test's own, so that tests share a world without noticing each other. */
export const someone = (): string => `user-${randomUUID().slice(0, 8)}`;

/** `world` and `browser` are a file's; `visit` opens a window of its own session, as another device would, closed when the test is over. */
export const test = base
  .extend("world", { scope: "file" }, async ({ redisUrl, postgresUrl }, { onCleanup }) => {
    const prefix = `browser-${randomUUID().slice(0, 8)}`;
    const cluster = await startCluster({ redisUrl, postgresUrl, prefix, nodes: NODES });
    onCleanup(() => cluster.close());
    const token = (sub: string, claims = {}) => fetchToken(cluster.url, { sub, ...claims });
    // The load balancer may not have looked at its gateways yet.
    await vi.waitFor(() => token("anyone"), 10_000);
    const world: World = { ...cluster, token };
    return world;
  })
  .extend("browser", { scope: "file" }, async ({}, { onCleanup }): Promise<Browser> => {
    const browser = await launchChromium();
    onCleanup(() => browser.close());
    return browser;
  })
  .extend("complaints", ({}, { onCleanup }) => {
    const complaints = createComplaints();
    onCleanup(() => expect(complaints.unexpected()).toEqual([]));
    return complaints;
  })
  .extend("visit", async ({ world, browser, complaints }, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(() => opened.disposeAsync());
    return async ({ user, path = "/", from = world.url, ...look }: Visit = {}): Promise<Page> => {
      const context = await browser.newContext(optionsOf(look));
      opened.defer(() => context.close());
      complaints.listenTo(context);
      const page = await context.newPage();
      const hash = user === undefined ? "" : `#token=${await world.token(user)}`;
      await page.goto(`${from}${path}${hash}`);
      return page;
    };
  });

function optionsOf({ width = "desktop", isDark = false }: Visit): BrowserContextOptions {
  return {
    viewport: SIZES[width],
    hasTouch: width === "phone",
    colorScheme: isDark ? "dark" : "light",
    locale: "en-GB",
    timezoneId: "UTC",
  };
}

async function fetchToken(url: string, claims: object): Promise<string> {
  const answer = await fetch(`${url}/api/dev/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ttl: 7200, ...claims }),
  });
  if (!answer.ok) throw new Error(`No token: ${answer.status}`);
  const { token }: { token: string } = JSON.parse(await answer.text());
  return token;
}
