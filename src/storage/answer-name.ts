import type { IncomingMessage } from "node:http";
import { toBareName } from "./file-names.ts";

/** What a fetched file is called and says it is. */
export function nameOfAnswer(
  { headers }: IncomingMessage,
  url: URL,
): { name: string; contentType: string } {
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  const name =
    nameInHeader(headers["content-disposition"] ?? "") ??
    decode(url.pathname.split("/").at(-1) ?? "");
  return {
    name: toBareName(name),
    contentType: type.trim().toLowerCase() || "application/octet-stream",
  };
}

/** `filename*` (RFC 8187) before `filename`. */
function nameInHeader(disposition: string): string | undefined {
  const extended = /filename\*\s*=\s*utf-8''([^;]+)/i.exec(disposition)?.[1];
  if (extended !== undefined) return decode(extended.trim());
  const [, quoted, plain] = /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(disposition) ?? [];
  return quoted ?? plain;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
