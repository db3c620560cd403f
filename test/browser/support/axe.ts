import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const SOURCE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const GRAVE = ["serious", "critical"];

interface Violation {
  id: string;
  impact?: string | null;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** What keeps people from using what is shown now, a line each. */
export async function barriersOf(page: Page): Promise<string[]> {
  // Evaluated rather than added as an element, which the page's policy would refuse.
  await page.evaluate(await readFile(SOURCE, "utf8"));
  const violations = await page.evaluate<Violation[]>("axe.run().then((done) => done.violations)");
  return violations
    .filter(({ impact }) => GRAVE.includes(impact ?? ""))
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary ?? ""}`),
    );
}
