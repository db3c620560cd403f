import type { BrowserContext } from "playwright-core";

/** What pages had to complain of: errors in the console, which refusals by the page's policy are among, and errors that nobody caught. */
export interface Complaints {
  listenTo(context: BrowserContext): void;
  /** Of a test that takes something away: what the browser then has to say. */
  expect(pattern: RegExp): void;
  unexpected(): string[];
}

export function createComplaints(): Complaints {
  const heard: string[] = [];
  const expected: RegExp[] = [];
  return {
    listenTo(context) {
      context.on("console", (message) => {
        if (message.type() === "error") heard.push(`${message.text()} ${message.location().url}`);
      });
      context.on("weberror", (error) => heard.push(`Uncaught: ${stackOf(error.error())}`));
    },
    expect: (pattern) => void expected.push(pattern),
    unexpected: () => heard.filter((text) => !expected.some((pattern) => pattern.test(text))),
  };
}

const stackOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
