import { isIP } from "node:net";
import Type, { type TSchema } from "typebox";

interface Range {
  minimum: number;
  maximum?: number;
  default?: number;
}

export function integer(
  description: string,
  { maximum = Number.MAX_SAFE_INTEGER, ...range }: Range,
) {
  const expects = `a whole number from ${range.minimum} to ${maximum}`;
  return Type.Integer({ ...range, maximum, expects, description });
}

export function matching(
  pattern: string,
  expects: string,
  options: { default?: string; description: string },
) {
  return Type.String({ pattern, expects, ...options });
}

/** An address `<scheme>://…` that parses, or one of the scheme's relatives: `https`, `rediss`, `postgresql`. */
export function address(scheme: string, description: string) {
  const isAddress = (text: string) =>
    URL.canParse(text) && text.startsWith(scheme) && /^\w+:\/\/[^/]/.test(text);
  return Type.Refine(
    Type.String({ expects: `an address that starts with ${scheme}://`, description }),
    isAddress,
  );
}

export function endpoint() {
  return Type.Refine(Type.String(), isEndpoint);
}

export function isEndpoint(text: string): boolean {
  const url = text.includes("://") ? text : `redis://${text}`;
  return URL.canParse(url) && /^rediss?:\/\/[^/?#]+\/?$/.test(url);
}

export function list<T extends TSchema>(
  items: T,
  expects: string,
  description: string,
  maxItems = 100,
) {
  return Type.Array(items, {
    minItems: 1,
    maxItems,
    expects: `${expects}, by comma`,
    description: `${description}; by comma`,
  });
}

export function isLong(secret: string): boolean {
  return Buffer.byteLength(secret) >= 32;
}

export function isProxy(text: string): boolean {
  const [ip = "", bits = "0"] = text.split("/");
  return isIP(ip) !== 0 && /^\d+$/.test(bits) && Number(bits) <= (isIP(ip) === 4 ? 32 : 128);
}
