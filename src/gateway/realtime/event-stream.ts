import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../../contract/tokens.ts";
import { randomToken } from "../../lib/random.ts";
import type { Admission } from "./admission.ts";
import { openSession, type SessionDeps } from "./identify.ts";
import type { JoinDeps } from "./join.ts";
import type { Cursors, Message } from "./message.ts";
import { NOWHERE, type Standing, toOpaque } from "./opaque.ts";
import type { Session } from "./session.ts";
import { findTopics } from "./topics.ts";
import type { Wire } from "./wire.ts";

export interface EventStreamsDeps extends JoinDeps, Pick<SessionDeps, "connections" | "ticker"> {
  admission: Admission;
  /** Between two comments, so that nothing on the way takes the connection for dead. */
  heartbeatSeconds: number;
  receive: (session: Session, jobIds: string[]) => { close: () => void };
}

export interface StreamRequest {
  caller: Caller;
  /** `undefined` when no cursor was given. */
  standing: Standing | undefined;
  /** A comma list. */
  topics: string;
  request: IncomingMessage;
  response: ServerResponse;
}

/** Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStreams {
  readonly size: number;
  /** Fails, with nothing sent yet, with what keeps the client out. The stream begins when the function is called that it resolves to. */
  open(request: StreamRequest): Promise<() => void>;
}

/** After which a page comes back when it was cut off. */
const RETRY_MS = 2000;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  // nginx would keep events back until it has a buffer full of them.
  "X-Accel-Buffering": "no",
};

export function createEventStreams(deps: EventStreamsDeps): EventStreams {
  const { admission, heartbeatSeconds, receive } = deps;
  let size = 0;

  function begin(session: Session, jobIds: string[], response: ServerResponse): void {
    response.write(`retry: ${RETRY_MS}\n\n`);
    const beat = setInterval(() => response.write(":\n\n"), heartbeatSeconds * 1000).unref();
    const { close } = receive(session, jobIds);
    size += 1;
    session.wire.onClosed(() => {
      size -= 1;
      clearInterval(beat);
      close();
    });
  }

  return {
    get size() {
      return size;
    },
    async open({ caller, standing, topics, request, response }) {
      admission(request);
      const jobIds = await findTopics(deps, caller, topics);
      const { cursorOf, cursors } = standing ?? NOWHERE;
      const wire = createEventStreamWire(response, { ...cursors });
      const session = await openSession(caller, { id: randomToken(10), cursorOf, wire }, deps);
      return () => {
        response.writeHead(200, HEADERS);
        begin(session, jobIds, response);
      };
    },
  };
}

/** `cursors` is moved on by what is written. */
function createEventStreamWire(response: ServerResponse, cursors: Cursors): Wire {
  let written = () => {};
  return {
    get isOpen() {
      return !response.destroyed && !response.writableEnded;
    },
    unsent: () => response.writableLength,
    write(message) {
      const moved = message.cursors;
      const id = moved && toOpaque(Object.assign(cursors, moved));
      response.write(toEvent(message, id));
      written();
    },
    onWritten: (listener) => void (written = listener),
    onClosed(listener) {
      if (response.closed) listener();
      else response.once("close", listener);
    },
    cut(reason) {
      // What waits for a client that does not read is not worth its memory.
      if (reason === "slow") response.destroy();
      else response.end();
    },
    dismiss: () => void response.destroy(),
  };
}

/** JSON has no line breaks of its own, so its data is one line. */
const toEvent = ({ event, data }: Message, id: string | undefined): string =>
  `event: ${event}\ndata: ${data}\n${id === undefined ? "" : `id: ${id}\n`}\n`;
