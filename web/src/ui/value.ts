import { useSyncExternalStore } from "react";

/** A value that components can watch; the same shape as the kit's. */
export interface Value<T> {
  get(): T;
  set(next: T): void;
  subscribe(listener: () => void): () => void;
}

export function createValue<T>(first: T): Value<T> {
  const listeners = new Set<() => void>();
  let value = first;
  return {
    get: () => value,
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export const useValue = <T>({ get, subscribe }: Pick<Value<T>, "get" | "subscribe">): T =>
  useSyncExternalStore(subscribe, get);
