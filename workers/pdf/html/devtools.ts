import type { Readable, Writable } from "node:stream";
import Type from "typebox";
import { Compile } from "typebox/compile";

export type Fields = Record<string, unknown>;

/** Chromium's DevTools protocol over its pipe: JSON, each message ended by a 0. */
export interface DevTools {
  /** Fails with what the browser says, or when it is gone. `session` is a page's. */
  send(method: string, params?: Fields, session?: string): Promise<Fields>;
  on(event: string, listener: (params: Fields, session: string | undefined) => void): void;
}

const Message = Compile(
  Type.Object({
    id: Type.Optional(Type.Integer()),
    result: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    error: Type.Optional(Type.Object({ message: Type.String() })),
    method: Type.Optional(Type.String()),
    params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    sessionId: Type.Optional(Type.String()),
  }),
);

const GONE = "The browser is gone";

export function connect({ read, write }: { read: Readable; write: Writable }): DevTools {
  const waiting = new Map<number, PromiseWithResolvers<Fields>>();
  const listeners = new Map<string, (params: Fields, session: string | undefined) => void>();
  let sent = 0;
  let isGone = false;

  function hear(text: string): void {
    const message: unknown = JSON.parse(text);
    if (!Message.Check(message)) throw new Error("The browser said something that is not known");
    const { id, result = {}, error, method = "", params = {}, sessionId } = message;
    if (id === undefined) return listeners.get(method)?.(params, sessionId);
    const answer = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) return answer?.resolve(result);
    answer?.reject(new Error(`The browser refused: ${error.message}`));
  }

  function end(): void {
    isGone = true;
    for (const { reject } of waiting.values()) reject(new Error(GONE));
    waiting.clear();
  }

  const parts: Buffer[] = [];
  read.on("data", (chunk: Buffer) => {
    let rest = chunk;
    for (let at = rest.indexOf(0); at >= 0; at = rest.indexOf(0)) {
      parts.push(rest.subarray(0, at));
      hear(Buffer.concat(parts.splice(0)).toString());
      rest = rest.subarray(at + 1);
    }
    parts.push(rest);
  });
  read.on("close", end);
  read.on("error", end);
  write.on("error", end);

  return {
    async send(method, params = {}, session) {
      if (isGone) throw new Error(GONE);
      const answer = Promise.withResolvers<Fields>();
      sent += 1;
      waiting.set(sent, answer);
      const to = session === undefined ? {} : { sessionId: session };
      write.write(`${JSON.stringify({ id: sent, method, params, ...to })}\0`);
      return answer.promise;
    },
    on: (event, listener) => void listeners.set(event, listener),
  };
}
