import { type FormEvent, useId, useState } from "react";
import { signInWith } from "../session/session.ts";
import { Button } from "../ui/button.tsx";

export function TokenForm() {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string>();
  const id = useId();
  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    setProblem(signInWith(token));
  }
  return (
    <form onSubmit={onSubmit} className="mt-4 space-y-2">
      <label htmlFor={id} className="block font-medium">
        Token
      </label>
      <textarea
        id={id}
        rows={4}
        required
        spellCheck={false}
        autoComplete="off"
        value={token}
        onChange={({ target }) => setToken(target.value)}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-help`}
        className="field w-full py-2 font-mono break-all"
      />
      <p id={`${id}-help`} className={problem === undefined ? "text-quiet" : "text-bad"}>
        {problem ?? "A JSON Web Token that your gateway accepts. It stays in this window."}
      </p>
      <Button type="submit" look="main" className="w-full">
        Sign in
      </Button>
    </form>
  );
}
