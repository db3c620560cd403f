import { PEOPLE } from "../session/dev-token.ts";
import { signInAs } from "../session/session.ts";
import { Initial } from "../ui/initial.tsx";
import { OpenIcon } from "../ui/icons.tsx";

/** People made up, to try the page with. */
export function People() {
  return (
    <section className="mt-6">
      <h2 className="text-quiet">This is a development gateway. Be one of:</h2>
      <ul className="panel mt-2 divide-y divide-line overflow-hidden">
        {PEOPLE.map((person) => (
          <li key={person.sub}>
            <button
              type="button"
              onClick={() => signInAs(person)}
              className="flex w-full items-center gap-3 px-3 py-2.5 text-left -outline-offset-2 hover:bg-hover"
            >
              <Initial name={person.name} />
              <span className="flex-1 font-medium">{person.name}</span>
              <span className="text-quiet">{person.isPremium ? "Premium" : "Plain"}</span>
              <OpenIcon className="size-4 text-quiet" />
            </button>
          </li>
        ))}
      </ul>
      <p className="mt-2 text-quiet">Each window may be someone else.</p>
    </section>
  );
}
