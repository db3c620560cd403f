import { createContext, createElement, type ReactNode, useContext, useEffect } from "react";
import type { Jobcast } from "../src/index.ts";

const Context = createContext<Jobcast | undefined>(undefined);

export interface JobcastProviderProps {
  /** Made once, outside of components. */
  client: Jobcast;
  children?: ReactNode;
}

/** So long a client outlives its provider: StrictMode takes a tree apart and puts it together again at once. */
const GRACE_MS = 1000;

const users = new WeakMap<Jobcast, number>();

/** Keeps the client connected for as long as the tree is mounted; on a server nothing connects. */
export function JobcastProvider({ client, children }: JobcastProviderProps): ReactNode {
  useEffect(() => {
    users.set(client, (users.get(client) ?? 0) + 1);
    client.connect();
    return () => {
      users.set(client, (users.get(client) ?? 1) - 1);
      setTimeout(() => users.get(client) === 0 && client.close(), GRACE_MS);
    };
  }, [client]);
  return createElement(Context.Provider, { value: client }, children);
}

/** The client itself, for what no hook is made for. */
export function useJobcast(): Jobcast {
  const client = useContext(Context);
  if (client === undefined) throw new Error("There is no JobcastProvider around this component");
  return client;
}
