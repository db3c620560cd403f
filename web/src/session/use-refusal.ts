import { useEffect } from "react";
import type { ConnectionStory } from "../connection/use-connection-story.ts";
import { signOut } from "./session.ts";

const TOKEN_CODES = ["unauthorized", "token_expired", "token_invalid"];

/** A token that is not taken leads back to where another can be given. */
export function useRefusal({ status, why }: ConnectionStory): void {
  const code = status === "closed" ? why?.code : undefined;
  useEffect(() => {
    if (code === undefined || !TOKEN_CODES.includes(code)) return;
    signOut(
      code === "token_expired"
        ? "Your token has run out. Please sign in again."
        : `The gateway did not take the token: ${why?.message ?? code}`,
    );
  }, [code, why]);
}
