import { io } from "socket.io-client";
import { createLife, type Transport, UP_WITHIN_MS } from "./transport.ts";

/** Socket.IO over a WebSocket. Coming back is the connection's own business, which knows other ways as well. */
export const socketTransport: Transport = {
  name: "socket",
  open({ url, token, cursors, onEvent }) {
    const { up, ended, isUp, end } = createLife();
    const socket = io(url, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      timeout: UP_WITHIN_MS,
      auth: { token, cursors, protocol: 1 },
    });
    const late = setTimeout(() => socket.disconnect(), UP_WITHIN_MS);
    socket.onAny((event: string, data) => {
      onEvent(event, data);
      if (event !== "ready") return;
      clearTimeout(late);
      isUp();
    });
    socket.on("connect_error", (error: Error & { data?: { code?: string; message?: string } }) => {
      const { code, message = error.message } = error.data ?? {};
      if (code === undefined) end({ kind: "lost" });
      else end({ kind: "refused", error: { code, message, retryable: false, status: 0 } });
      close();
    });
    socket.on("disconnect", (reason) => {
      const message = "The server has ended the connection";
      const error = { code: "dismissed", message, retryable: false, status: 0 };
      end(reason === "io server disconnect" ? { kind: "refused", error } : { kind: "lost" });
      close();
    });

    function close(): void {
      clearTimeout(late);
      socket.offAny();
      socket.disconnect();
      end({ kind: "lost" });
    }

    return {
      up,
      ended,
      async refresh(fresh) {
        const answer = await socket
          .timeout(UP_WITHIN_MS)
          .emitWithAck("auth-refresh", { token: fresh })
          .catch(() => ({ ok: false }));
        return answer.ok === true;
      },
      confirm: (places) => void socket.emit("received", { cursors: places }),
      close,
    };
  },
};
