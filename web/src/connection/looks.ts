import type { ConnectionState } from "@jobcast/client";

interface ConnectionLook {
  word: string;
  color: string;
  explain: string;
}

export const CONNECTION_LOOKS: Record<ConnectionState["status"], ConnectionLook> = {
  idle: { word: "Not connected", color: "bg-edge", explain: "The page has not connected yet." },
  connecting: {
    word: "Connecting",
    color: "bg-warn",
    explain: "The page is connecting to the gateway.",
  },
  live: { word: "Live", color: "bg-good", explain: "News arrive the moment they happen." },
  fallback: {
    word: "Live, slower",
    color: "bg-warn",
    explain:
      "Sockets do not get through, so news come by another way and may be a little late. Sockets are tried again from time to time.",
  },
  offline: {
    word: "Offline",
    color: "bg-bad",
    explain: "Nothing gets through. The page tries again by itself, and misses nothing.",
  },
  closed: { word: "Closed", color: "bg-bad", explain: "The gateway has ended the connection." },
};

export const TRANSPORT_WORDS: Record<NonNullable<ConnectionState["transport"]>, string> = {
  socket: "Socket",
  stream: "Server-Sent Events",
  poll: "Long polling",
};
