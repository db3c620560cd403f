import { ConfigError } from "../config.ts";
import { type Role, ROLES } from "./resources.ts";

/** The roles named on the command line; all of them when none is. */
export function parseRoles(args: readonly string[]): ReadonlySet<Role> {
  const unknown = args.filter((arg) => !isRole(arg));
  if (unknown.length > 0)
    throw new ConfigError([`${unknown.join(", ")} is no role; known are ${ROLES.join(", ")}`]);
  const roles = args.filter(isRole);
  return new Set(roles.length === 0 ? ROLES : roles);
}

const isRole = (text: string): text is Role => ROLES.some((role) => role === text);
