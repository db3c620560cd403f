import { JobcastProvider } from "@jobcast/client/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Toaster } from "sonner";
import { useSession } from "./session/session.ts";
import { SignIn } from "./sign-in/sign-in.tsx";
import { useTheme } from "./theme.ts";
import { Workspace } from "./workspace.tsx";

export function App() {
  const session = useSession();
  const theme = useTheme();
  // The client tries again by itself what may be tried again.
  const [queries] = useState(
    () =>
      new QueryClient({
        defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } },
      }),
  );
  if (!("client" in session)) return <SignIn reason={session.reason} />;
  return (
    <QueryClientProvider client={queries}>
      <JobcastProvider client={session.client}>
        <Workspace key={session.id} session={session} />
        <Toaster theme={theme} position="bottom-left" closeButton visibleToasts={4} />
      </JobcastProvider>
    </QueryClientProvider>
  );
}
