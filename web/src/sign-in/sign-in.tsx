import { isDevelopment } from "../session/dev-token.ts";
import { Mark } from "../ui/icons.tsx";
import { People } from "./people.tsx";
import { TokenForm } from "./token-form.tsx";

export function SignIn({ reason }: { reason: string | undefined }) {
  const isDev = isDevelopment();
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-5 py-10">
      <Mark className="size-9 text-accent" />
      <h1 className="mt-4 text-xl font-semibold tracking-tight">Sign in to Jobcast</h1>
      <p className="mt-1 text-quiet">
        Hand in images, PDFs and recordings, and watch the work live.
      </p>
      {reason !== undefined && (
        <p role="alert" className="mt-5 rounded-md bg-warn-soft px-3 py-2 text-warn">
          {reason}
        </p>
      )}
      {isDev && <People />}
      {isDev ? (
        <details className="mt-6">
          <summary className="text-quiet hover:text-ink">Use a token instead</summary>
          <TokenForm />
        </details>
      ) : (
        <TokenForm />
      )}
    </main>
  );
}
