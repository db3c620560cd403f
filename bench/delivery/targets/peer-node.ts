import { GATEWAY_CORE, nodeCommand } from "../lib/processes.ts";
import type { StartOptions, TargetNode } from "./target.ts";

/** Starts servers of `nodes/`, which tell their port when they listen. */
export function startPeers(
  file: string,
  args: string[],
  { processes, nodes, flags }: StartOptions,
): Promise<TargetNode[]> {
  const start = async (): Promise<TargetNode> => {
    const command = nodeCommand(`nodes/${file}`, args, flags);
    const node = processes.spawn({ command, core: GATEWAY_CORE });
    const port = await new Promise<number>((resolve, reject) => {
      node.child.once("message", (message) => resolve(Number(Object(message).port)));
      node.child.once("exit", () => reject(new Error(`${file} has ended:\n${node.output()}`)));
    });
    return { ...node, port };
  };
  return Promise.all(Array.from({ length: nodes }, start));
}
