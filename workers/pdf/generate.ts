import type { WorkResult } from "../../src/contract/worker.ts";
import type { WorkContext } from "../define-worker.ts";
import { createPaper } from "./layout/paper.ts";
import { requireTemplate } from "./templates.ts";

/** A new document, as `<template>.pdf`. */
export async function generate(
  name: string,
  data: unknown,
  { progress, save, signal }: WorkContext,
): Promise<WorkResult> {
  const template = requireTemplate(name, data);
  const title = template.title(data);
  const paper = createPaper({
    title,
    onPage: (page) => {
      signal.throwIfAborted();
      // How many there will be is known at the end.
      progress(Math.round(90 * (1 - 0.8 ** page)), `page ${page}`);
    },
  });
  await template.render(paper, data);
  const { pages, content } = await paper.finish();
  progress(95, "saving");
  const file = await save(`${name}.pdf`, content);
  return { pages, title, files: [file] };
}
