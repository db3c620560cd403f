import { io } from "socket.io-client";
import { comeBackAfter, type Device, type DeviceOptions } from "./device.ts";
import { createRecord } from "./record.ts";

/** A stock client with the bookkeeping of the docs. */
export function openSocketIo(options: DeviceOptions): Device {
  const record = createRecord(options);
  const socket = io(options.url, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 650,
    reconnectionDelayMax: 1500,
    timeout: 3000,
    extraHeaders: { "x-forwarded-for": options.address },
    auth: (provide) => provide({ token: record.connect().text, cursors: record.cursors }),
  });
  let returning: NodeJS.Timeout | undefined;
  let isAway = false;

  /** Refused by a middleware, a stock client does not try again by itself. */
  function tryAgain(): void {
    clearTimeout(returning);
    returning = setTimeout(() => !isAway && socket.connect(), comeBackAfter());
  }

  socket.onAny((event: string, data: Parameters<typeof record.hear>[1]) =>
    record.hear(event, data ?? {}),
  );
  socket.on("connect_error", () => {
    if (!socket.active) tryAgain();
  });
  socket.on("disconnect", (reason) => {
    record.lose();
    if (reason === "io server disconnect") {
      record.dismiss();
      tryAgain();
    }
  });
  return {
    ...record.known,
    transport: "socket-io",
    isWelcome: () => socket.connected && record.isWelcome(),
    cut: () => void socket.io.engine?.close(),
    stayAway() {
      isAway = true;
      record.lose();
      socket.disconnect();
    },
    comeBack() {
      record.comeBack();
      isAway = false;
      socket.connect();
    },
    close() {
      clearTimeout(returning);
      record.close();
      socket.close();
    },
  };
}
