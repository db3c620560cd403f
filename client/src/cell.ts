/** A value that can be looked at and waited for; the shape that React's `useSyncExternalStore` and Vue's `shallowRef` take. */
export interface Readable<Value> {
  get(): Value;
  /** Calls back after each change, never within the call that changes it twice; returns what ends that. */
  subscribe(listener: () => void): () => void;
}

export interface Cell<Value> extends Readable<Value> {
  set(value: Value): void;
}

export interface Listeners<Args extends unknown[] = []> {
  add(listener: (...args: Args) => void): () => void;
  call(...args: Args): void;
}

/** One that throws keeps the others from nothing, and us from nothing: its error is reported like any that nobody catches. */
export function createListeners<Args extends unknown[] = []>(): Listeners<Args> {
  const listeners = new Set<(...args: Args) => void>();
  return {
    add(listener) {
      // The same function may be added twice, and is then called twice.
      const own = (...args: Args): void => listener(...args);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    call(...args) {
      for (const listener of listeners) {
        try {
          listener(...args);
        } catch (thrown) {
          report(thrown);
        }
      }
    },
  };
}

export function createCell<Value>(first: Value): Cell<Value> {
  const listeners = createListeners();
  let value = first;
  return {
    get: () => value,
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      listeners.call();
    },
    subscribe: listeners.add,
  };
}

/** As the platform reports what a timer throws: to `window.onerror`, or to the console. */
function report(thrown: unknown): void {
  if (typeof reportError === "function") reportError(thrown);
  else console.error(thrown);
}
