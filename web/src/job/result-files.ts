import type { Job, ResultFile } from "@jobcast/client";

/** The files of a result. What a worker of one's own reports is anything, and is looked at before it is used. */
export function filesOf({ result }: Pick<Job, "result">): ResultFile[] {
  const files: unknown = result?.["files"];
  return Array.isArray(files) ? files.filter(isResultFile) : [];
}

function isResultFile(file: unknown): file is ResultFile {
  if (typeof file !== "object" || file === null) return false;
  const { name, url, contentType, bytes, expiresAt }: Partial<Record<keyof ResultFile, unknown>> =
    file;
  const areTexts = [name, url, contentType, expiresAt].every((text) => typeof text === "string");
  return areTexts && typeof bytes === "number";
}

export const isPicture = ({ contentType }: ResultFile): boolean => contentType.startsWith("image/");

/** The smallest of its pictures, for a list. */
export function thumbnailOf(job: Pick<Job, "result">): ResultFile | undefined {
  const pictures = filesOf(job).filter(isPicture);
  return pictures.reduce<ResultFile | undefined>(
    (least, file) => (least === undefined || file.bytes < least.bytes ? file : least),
    undefined,
  );
}

const links = new Map<string, { url: string; expiresAt: string }>();

/**
 * Each read of a job signs its links anew, and a browser would load each of them: the first link that was seen is used for as long as it is good. One that did not
 * work is forgotten by `forgetLink`.
 */
export function lastingUrl({ url, expiresAt }: ResultFile): string {
  const [path = url] = url.split("?");
  const known = links.get(path);
  if (known !== undefined && Date.parse(known.expiresAt) > Date.now()) return known.url;
  links.set(path, { url, expiresAt });
  return url;
}

export function forgetLink({ url }: ResultFile): void {
  links.delete(url.split("?")[0] ?? url);
}
