import { once } from "node:events";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { createEventParser } from "./event-parser.ts";
import { someAddress } from "./some-address.ts";

type Data = Record<string, unknown>;
export interface Heard {
  name: string;
  data: Data;
}

/** Where a client stands: by feed, as everyone can know it, and in one string, where the transport has it. */
export interface Place {
  cursors: Record<string, string>;
  cursor?: string | undefined;
}

export interface VisitOptions {
  url: string;
  token: string;
  /** Where the last visit ended, by whichever transport. */
  place?: Place;
  topics?: string;
}

/** One connection of a client that keeps to the contract, and what it heard; it does not come back by itself. */
export interface Visit {
  heard: Heard[];
  place: Place;
  named(name: string): Data[];
  /** Texts of the facts, in the order heard. */
  texts(): string[];
  /** Resolves when the gateway or the client has ended it. */
  ended: Promise<void>;
  close(): void;
}

export interface Transport {
  /** How `place` is given back. */
  gives: keyof Place;
  visit(options: VisitOptions): Visit;
}

function createVisit(place: Place | undefined, close: (over: () => void) => void) {
  const heard: Heard[] = [];
  const { promise: ended, resolve: over } = Promise.withResolvers<void>();
  const visit: Visit = {
    heard,
    place: { cursors: { ...place?.cursors }, cursor: place?.cursor },
    named: (name) => heard.filter((one) => one.name === name).map(({ data }) => data),
    texts: () =>
      heard
        .filter(({ data }) => data["cursor"] !== undefined && data["text"] !== undefined)
        .map(({ data }) => String(data["text"])),
    ended,
    close: () => close(over),
  };
  const hear = (name: string, data: Data): void => {
    heard.push({ name, data });
    const { cursors } = visit.place;
    if (name === "ready") Object.assign(cursors, data["cursors"]);
    else if (typeof data["cursor"] === "string") cursors[String(data["feed"])] = data["cursor"];
  };
  return { visit, hear, over: () => over() };
}

function socketIo(transports: ("websocket" | "polling")[]): Transport {
  return {
    gives: "cursors",
    visit({ url, token, place }) {
      const { visit, hear, over } = createVisit(place, () => socket.close());
      const socket = io(url, {
        transports,
        multiplex: false,
        reconnection: false,
        extraHeaders: { "x-forwarded-for": someAddress() },
        auth: { token, cursors: place?.cursors },
      });
      socket.onAny(hear);
      socket.on("disconnect", over);
      return visit;
    },
  };
}

const query = ({ place, topics }: VisitOptions, gives: keyof Place, rest: object = {}): string => {
  const given = place === undefined ? {} : { [gives]: asText(place[gives]) };
  const params = { ...given, ...(topics === undefined ? {} : { topics }), ...rest };
  return new URLSearchParams(params).toString();
};

const asText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

const plainWebSocket: Transport = {
  gives: "cursor",
  visit(options) {
    const { url, token, place } = options;
    const { visit, hear, over } = createVisit(place, () => webSocket.close());
    const address = `${url.replace("http", "ws")}/ws?${query(options, "cursor", { token })}`;
    const webSocket = new WebSocket(address, { headers: { "x-forwarded-for": someAddress() } });
    webSocket.on("message", (message: Buffer) => {
      const { event, data, cursor } = JSON.parse(message.toString());
      hear(event, data);
      visit.place.cursor = cursor ?? visit.place.cursor;
    });
    webSocket.on("error", () => undefined);
    void once(webSocket, "close").then(over);
    return visit;
  },
};

const eventStream: Transport = {
  gives: "cursor",
  visit(options) {
    const { url, token, place, topics } = options;
    const closing = new AbortController();
    const { visit, hear, over } = createVisit(place, () => closing.abort());
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      "x-forwarded-for": someAddress(),
      ...(place?.cursor === undefined ? {} : { "last-event-id": place.cursor }),
    };
    const search = topics === undefined ? "" : `?${new URLSearchParams({ topics }).toString()}`;
    const address = `${url}/api/events/stream${search}`;
    const read = async () => {
      const answer = await fetch(address, { headers, signal: closing.signal });
      if (!answer.ok) return;
      const parse = createEventParser(({ event, data, id }) => {
        hear(event, JSON.parse(data));
        visit.place.cursor = id ?? visit.place.cursor;
      });
      for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? [])
        parse(piece);
    };
    void read()
      .catch(() => undefined)
      .then(over);
    return visit;
  },
};

const longPoll: Transport = {
  gives: "cursor",
  visit(options) {
    const { url, token, place } = options;
    const closing = new AbortController();
    const { visit, hear, over } = createVisit(place, () => closing.abort());
    const ask = async () => {
      const given = visit.place.cursor === undefined ? {} : { place: visit.place };
      const search = query({ ...options, ...given }, "cursor", { wait: "25" });
      const answer = await fetch(`${url}/api/events?${search}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: closing.signal,
      });
      if (!answer.ok) throw new Error(await answer.text());
      return JSON.parse(await answer.text());
    };
    const goOn = async () => {
      while (!closing.signal.aborted) {
        const { events, cursor } = await ask();
        for (const { event, data } of events) hear(event, data);
        visit.place.cursor = cursor;
      }
    };
    void goOn()
      .catch(() => undefined)
      .then(over);
    return visit;
  },
};

export const TRANSPORTS = {
  "Socket.IO over WebSocket": socketIo(["websocket"]),
  "Socket.IO over polling": socketIo(["polling"]),
  "a plain WebSocket": plainWebSocket,
  "an event stream": eventStream,
  "a long poll": longPoll,
} as const satisfies Record<string, Transport>;
