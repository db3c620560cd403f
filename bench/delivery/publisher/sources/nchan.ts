import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { OpenSource } from "../source.ts";

const CONNECTIONS = 8;
const ANSWER = "HTTP/1.1 ";

/** Requests one after the other on a few connections, each of an audience on the same one, since they are answered in their order. */
export const openNchan: OpenSource = async ({ ports }) => {
  const requests = { sent: 0, answered: 0 };
  const open = async () => {
    const socket = connect({ port: ports[0] ?? 0, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    socket.on(
      "data",
      (chunk) => (requests.answered += chunk.toString("latin1").split(ANSWER).length - 1),
    );
    socket.on("error", () => undefined);
    return socket;
  };
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, open));
  return {
    publish(due) {
      const texts: string[] = sockets.map(() => "");
      for (const { audience, event } of due) {
        const body = JSON.stringify(event);
        const head = `POST /pub?id=${audience} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}`;
        const socket = (audience.charCodeAt(audience.length - 1) + audience.length) % CONNECTIONS;
        texts[socket] += `${head}\r\n\r\n${body}`;
      }
      for (const [i, text] of texts.entries()) if (text !== "") sockets[i]?.write(text);
      requests.sent += due.length;
    },
    async drained() {
      while (requests.answered < requests.sent) await delay(5);
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
};
