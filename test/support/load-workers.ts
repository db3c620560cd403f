import { loadTasks } from "../../workers/catalog.ts";

/** A process that loads the workers of each folder named, and prints what is wrong with them: by Node's own loader, and not by the tests'. */
const problems: string[] = [];
for (const folder of process.argv.slice(2)) {
  const problem = await loadTasks(folder).then(
    () => "",
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
  problems.push(problem);
}
process.stdout.write(JSON.stringify(problems));
