import ipaddr from "ipaddr.js";
import { JobcastError } from "../errors.ts";

/** Longer than browsers and servers agree on; beyond it is an attack or a mistake. */
const MAX_URL_LENGTH = 8192;

/** All public IPv6 addresses given out so far lie in here; what is new or odd stays outside. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/** Looks public, answers with a cloud's credentials to machines inside it. */
const METADATA_ADDRESSES = new Set(["168.63.129.16"]);

/**
 * Whether an address is on the public internet: not private, loopback, link-local, shared, multicast, reserved, a cloud's metadata
 * service, nor an IPv6 form that carries an IPv4 address inside.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast" || METADATA_ADDRESSES.has(parsed.toString())) return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

/** The IP address that stands in a URL itself, `undefined` for a name. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return ipaddr.isValid(bare) ? bare : undefined;
}

/**
 * An address that may be fetched, as far as its text can tell: syntax, scheme, credentials and literal addresses. Where a name leads is
 * seen only when it is fetched. Fails with `invalid`.
 */
export function checkUrl(text: string, { allowPrivate }: { allowPrivate: boolean }): URL {
  const url = text.length <= MAX_URL_LENGTH ? URL.parse(text) : null;
  if (url === null) throw refused("is not an address");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refused("must begin with http:// or https://");
  if (url.username !== "" || url.password !== "")
    throw refused("must not hold a user name or password");
  if (!allowPrivate && isPrivateHost(url)) throw refused("must lead to the public internet");
  return url;
}

function isPrivateHost(url: URL): boolean {
  const address = literalAddress(url);
  if (address !== undefined) return !isPublicAddress(address);
  return /(^|\.)localhost\.?$/.test(url.hostname);
}

const refused = (why: string): JobcastError => new JobcastError("invalid", `The url ${why}`);
