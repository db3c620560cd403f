import type { Readable, Writable } from "node:stream";
import Type from "typebox";
import { Compile } from "typebox/compile";

export type Fields = Record<string, unknown>;

/** Chromium's DevTools protocol over its pipe: JSON, each message ended by a 0. With the page that crashes, all is gone: there is but one. */
export interface DevTools {
  /** Fails with what the browser says, or when it is gone. `session` is a page's. */
  send(method: string, params?: Fields, session?: string): Promise<Fields>;
  on(event: string, listener: (params: Fields, session: string | undefined) => void): void;
  /** Resolves when it happens next; fails when the browser is gone, which would otherwise be waited for in vain. */
  next(event: string): Promise<Fields>;
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

export function connect({ read, write }: { read: Readable; write: Writable }): DevTools {
  const waiting = new Map<number, PromiseWithResolvers<Fields>>();
  const listeners = new Map<string, (params: Fields, session: string | undefined) => void>();
  const gone = new AbortController();
  let sent = 0;

  function hear(text: string): void {
    const message: unknown = JSON.parse(text);
    if (!Message.Check(message)) throw new Error("The browser said something that is not known");
    const { id, result = {}, error, method = "", params = {}, sessionId } = message;
    if (method === "Inspector.targetCrashed") return end("The page has crashed");
    if (id === undefined) return listeners.get(method)?.(params, sessionId);
    const answer = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) return answer?.resolve(result);
    answer?.reject(new Error(`The browser refused: ${error.message}`));
  }

  function end(why: string): void {
    gone.abort(new Error(why));
    for (const { reject } of waiting.values()) reject(gone.signal.reason);
    waiting.clear();
  }
  const onGone = () => end("The browser is gone");

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
  read.on("close", onGone);
  read.on("error", onGone);
  write.on("error", onGone);

  return {
    async send(method, params = {}, session) {
      gone.signal.throwIfAborted();
      const answer = Promise.withResolvers<Fields>();
      sent += 1;
      waiting.set(sent, answer);
      const to = session === undefined ? {} : { sessionId: session };
      write.write(`${JSON.stringify({ id: sent, method, params, ...to })}\0`);
      return answer.promise;
    },
    on: (event, listener) => void listeners.set(event, listener),
    async next(event) {
      gone.signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<Fields>();
      listeners.set(event, resolve);
      gone.signal.addEventListener("abort", () => reject(gone.signal.reason), { once: true });
      return promise;
    },
  };
}
