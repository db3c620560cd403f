import { print, readToken, url } from "./say.ts";

/** As much as the versions have in common. */
interface Library {
  io(
    url: string,
    options: { auth: (give: (auth: object) => void) => void },
  ): { onAny(hear: (name: string, data: Record<string, unknown>) => void): void };
}

// The client is the snippet of docs/protocol.md, and whatever the library does when nobody tells it otherwise.
const { io }: Library = await import(process.argv[2] ?? "socket.io-client");

const cursors: Record<string, unknown> = {};
const socket = io(url, { auth: (give) => give({ token: readToken(), cursors }) });
socket.onAny((name, data) => {
  print(name, data);
  Object.assign(
    cursors,
    name === "ready"
      ? data["cursors"]
      : data["cursor"] && { [String(data["feed"])]: data["cursor"] },
  );
});
