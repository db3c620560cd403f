import { readdirSync } from "node:fs";
import { Compile } from "typebox/compile";
import { JobcastError } from "../../src/errors.ts";
import { toProblems } from "../../src/jobs/problems.ts";
import type { Template } from "./define-template.ts";

const FOLDER = new URL("./templates/", import.meta.url);
/** `.js` where the sources were compiled. */
const MODULE = `template${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`;

/** By name: every folder of `templates/`. One that does not load stops the start. */
const templates = new Map(await Promise.all(listNames().map(load)));

function listNames(): string[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

async function load(name: string): Promise<[string, Checked]> {
  const { template }: { template?: Template } = await import(
    new URL(`${name}/${MODULE}`, FOLDER).href
  );
  if (template === undefined) throw new Error(`The template ${name} exports no \`template\``);
  return [name, { template, check: Compile(template.data) }];
}

interface Checked {
  template: Template;
  check: ReturnType<typeof Compile>;
}

/** Fails with `invalid_options` where there is none of that name. */
function findTemplate(name: string): Checked {
  const found = templates.get(name);
  if (found !== undefined) return found;
  const message = `must be one of ${[...templates.keys()].join(", ")}`;
  throw new JobcastError("invalid_options", `There is no template ${JSON.stringify(name)}`, {
    fields: [{ path: "/options/template", message }],
  });
}

/** The template for data that fit it. Fails with `invalid_options` or `invalid`, naming each field that is wrong. */
export function requireTemplate(name: string, data: unknown): Template {
  const { template, check } = findTemplate(name);
  if (check.Check(data)) return template;
  throw new JobcastError("invalid", `The data do not fit the template ${name}`, {
    fields: toProblems("/input/data", check.Errors(data)),
  });
}
