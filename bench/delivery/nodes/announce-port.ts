import type { Server } from "node:http";

/** Listens on a free port and tells the parent which; ends with the parent. */
export function announcePort(server: Server): void {
  server.listen(0, "127.0.0.1", 4096, () => {
    const address = server.address();
    process.send?.({ port: typeof address === "object" ? address?.port : 0 });
  });
  process.on("disconnect", () => process.exit());
  process.on("SIGTERM", () => process.exit());
}
