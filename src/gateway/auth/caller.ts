import { ADMINS_GROUP, jobOfTopic } from "../../contract/names.ts";
import type { Caller, Claims } from "../../contract/tokens.ts";

/** What verified claims let their holder do. The group of administrators comes with the role and cannot be claimed. */
export function toCaller({ sub, exp, roles = [], groups = [], plan, only }: Claims): Caller {
  const isAdmin = roles.includes("admin");
  const onlyEvents = only?.[0] === "events";
  const claimed = groups.filter((group) => group !== ADMINS_GROUP);
  return {
    userId: sub,
    isAdmin: isAdmin && !onlyEvents,
    isService: roles.includes("service") && !onlyEvents,
    groups: [...new Set(isAdmin ? [...claimed, ADMINS_GROUP] : claimed)],
    isPremium: plan === "premium",
    // Never absent where there is `only`: without a job the token would be good for everything.
    onlyJob: only === undefined || onlyEvents ? undefined : (jobOfTopic(only[0] ?? "") ?? ""),
    onlyEvents,
    expiresAt: exp * 1000,
  };
}

/** The token of `Authorization: Bearer …`. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^bearer +([^ ]+)$/i.exec(header ?? "")?.[1];
}
