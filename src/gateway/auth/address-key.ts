import { isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";

/** Under which name an address is counted. IPv6 by its /64, since whoever has one address there has them all. */
export function toAddressKey(address: string): string {
  // As most are, and written in one way only.
  if (isIPv4(address)) return address;
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return `${parsed
    .toByteArray()
    .slice(0, 8)
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")}/64`;
}
