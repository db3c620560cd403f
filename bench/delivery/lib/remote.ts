import type { ChildProcess } from "node:child_process";

/** The functions of another process of this bench: one argument each, one answer. */
export type Remote<T> = {
  [K in keyof T]: T[K] extends (argument: infer A) => infer R
    ? (argument: A) => Promise<Awaited<R>>
    : never;
};

interface Question {
  id: number;
  method: string;
  argument: unknown;
}

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

type Methods = Record<string, (argument: never) => unknown>;

/** Answers the parent until it is gone; then there is nobody to work for. */
export function serve(methods: Methods): void {
  process.on("message", ({ id, method, argument }: Question) => {
    void answer(methods[method], argument).then(
      (value) => process.send?.({ id, value }),
      (thrown: unknown) => process.send?.({ id, error: String(Object(thrown).stack ?? thrown) }),
    );
  });
  process.on("disconnect", () => process.exit());
}

async function answer(method: Methods[string] | undefined, argument: unknown): Promise<unknown> {
  if (method === undefined) throw new Error("No such method");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both ends are typed by `Remote`, and of one commit
  return await method(argument as never);
}

export function remoteOf<T>(child: ChildProcess, name: string): Remote<T> {
  const waiting = new Map<number, (answer: Answer) => void>();
  let count = 0;
  child.on("message", (message: Answer) => {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  child.on("exit", () => {
    for (const [id, resolve] of waiting) resolve({ id, error: `${name} has ended` });
    waiting.clear();
  });
  const call = (method: string) => (argument: unknown) =>
    new Promise((resolve, reject) => {
      const id = (count += 1);
      waiting.set(id, ({ value, error }) =>
        error === undefined ? resolve(value) : reject(new Error(error)),
      );
      child.send({ id, method, argument } satisfies Question, (error) => error && reject(error));
    });
  // A proxy that is awaited is asked for `then`, which no process has.
  const get = (_: object, method: string | symbol) =>
    method === "then" ? undefined : call(String(method));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other end has what the type says
  return new Proxy({}, { get }) as Remote<T>;
}
