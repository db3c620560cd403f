import { connect, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector } from "ioredis";
import type { LinkWatch, Login, Primary } from "./target.ts";

export interface ConnectorOptions {
  /** Asked for each link anew. */
  find: () => Promise<Primary>;
  tls: Login["tls"];
  watch?: LinkWatch | undefined;
}

/** How ioredis opens the links of a connection whose server may become another one. Attempts are repeated by its own `retryStrategy`. */
export const connectorTo = ({ find, tls, watch }: ConnectorOptions) =>
  class Connector extends AbstractConnector {
    constructor() {
      super(DISCONNECT_TIMEOUT_MS);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const primary = await find().catch((thrown: unknown) => {
        this.firstError = thrown instanceof Error ? thrown : new Error(String(thrown));
        return undefined;
      });
      // To ioredis a failure here is the end; a socket that is closed already is tried again, unless the connection was closed meanwhile.
      if (primary === undefined || !this.connecting) return new Socket().destroy();
      const { host, port } = primary;
      const socket =
        tls === undefined ? connect({ host, port }) : connectTls({ host, port, ...tls });
      socket.once("error", (err) => (this.firstError = err));
      this.stream = socket;
      watch?.add(primary, socket);
      return socket;
    }

    /** Sentinels and nodes may be behind: a server that became a replica is left again. */
    override check({ role = "master" }: { role?: string }): boolean {
      return role === "master";
    }
  };

const DISCONNECT_TIMEOUT_MS = 2000;
