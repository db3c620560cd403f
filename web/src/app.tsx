import { JobcastProvider } from "@jobcast/client/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Toaster } from "sonner";
import { createQueries } from "./queries.ts";
import { type Session, useSession } from "./session/session.ts";
import { SignIn } from "./sign-in/sign-in.tsx";
import { useTheme } from "./theme.ts";
import { Workspace } from "./workspace.tsx";

export function App() {
  const session = useSession();
  if (!("client" in session)) return <SignIn reason={session.reason} />;
  return <SignedIn key={session.id} session={session} />;
}

/** Nothing in it outlives the sign-in: what one has read is not for the next. */
function SignedIn({ session }: { session: Session }) {
  const theme = useTheme();
  const [queries] = useState(createQueries);
  return (
    <QueryClientProvider client={queries}>
      <JobcastProvider client={session.client}>
        <Workspace session={session} />
        <Toaster theme={theme} position="bottom-left" closeButton visibleToasts={4} />
      </JobcastProvider>
    </QueryClientProvider>
  );
}
