import type { ConnectRequest } from "../client/main.ts";
import type { Arena } from "../lib/arena.ts";

/** Connects clients before what is measured; none may be missing. */
export async function connectAll(
  { clients, publisher, ports, target }: Arena,
  request: Pick<ConnectRequest, "count"> & Partial<ConnectRequest>,
): Promise<void> {
  const { dialect } = target;
  const { refused } = await clients.connect({ dialect, ports, parallel: 50, ...request });
  const { count: users, group } = request;
  await publisher.prepare({ users, ...(group === undefined ? {} : { group }) });
  if (refused > 0) throw new Error(`${target.name} refused ${refused} of ${request.count} clients`);
}
