import { cleanup, render } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, describe, expect, onTestFinished, vi } from "vitest";
import type { TestNode } from "../../test/support/gateway.ts";
import { openGate } from "../../test/support/tcp-gate.ts";
import {
  JobcastProvider,
  useConnection,
  useJob,
  useJobs,
  useQueueStatus,
  useSubmit,
  useUpload,
  type UseUpload,
} from "../react/index.ts";
import type { Job, Jobcast } from "../src/index.ts";
import { open, someone, test, toKeeper } from "./kit.ts";

afterEach(cleanup);

const openAs = (node: TestNode, user = someone(), remember = toKeeper()): Jobcast =>
  open({ url: node.url, token: node.token(user), remember });

const show = (client: Jobcast, page: ReactNode) =>
  render(
    <StrictMode>
      <JobcastProvider client={client}>{page}</JobcastProvider>
    </StrictMode>,
  );

/** Hands a job in that ends by itself. */
async function submitEcho(client: Jobcast, input: object = { text: "hello" }): Promise<string> {
  const answer = await client.submit({ type: "echo", input: { data: input } });
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.jobId;
}

const Status = () => <p role="status">{useConnection().status}</p>;

const List = () => (
  <ul>
    {useJobs().map((job) => (
      <li key={job.jobId}>{job.status}</li>
    ))}
  </ul>
);

describe("a page made with the hooks", () => {
  test("is live under StrictMode, by one connection, until it goes", async ({ cluster: { a } }) => {
    const client = openAs(a);
    const seen: string[] = [];
    client.connection.subscribe(() => seen.push(client.connection.get().status));
    const page = show(client, <Status />);
    await vi.waitFor(() => expect(page.getByRole("status").textContent).toBe("live"));
    page.unmount();
    await vi.waitFor(() => expect(client.connection.get().status).toBe("closed"));
    expect(seen).toEqual(["connecting", "live", "closed"]);
  });

  test("hands in, follows and lists", async ({ cluster: { a } }) => {
    const client = openAs(a);
    const Button = () => {
      const { submit, pending } = useSubmit();
      const go = () => void submit({ type: "echo", input: { data: { text: "hello" } } });
      return <button onClick={go}>{pending}</button>;
    };
    const page = show(
      client,
      <>
        <Button />
        <List />
      </>,
    );
    page.getByRole("button").click();
    await vi.waitFor(() => expect(page.getByRole("listitem").textContent).toBe("completed"));
    expect(page.getByRole("button").textContent).toBe("0");
  });

  test("says what was wrong with what was handed in", async ({ cluster: { a } }) => {
    const client = openAs(a);
    const Button = () => {
      const { submit, error } = useSubmit();
      return (
        <button onClick={() => void submit({ type: "nonsense", input: {} })}>{error?.code}</button>
      );
    };
    const page = show(client, <Button />);
    page.getByRole("button").click();
    await vi.waitFor(() => expect(page.getByRole("button").textContent).toBe("invalid"));
  });

  test("is drawn on a server, empty, and connects nothing there", ({ cluster: { a } }) => {
    const client = openAs(a);
    const Queue = () => <p>{useQueueStatus()?.totalWorkers ?? "unknown"}</p>;
    const html = renderToString(
      <JobcastProvider client={client}>
        <Status />
        <List />
        <Queue />
      </JobcastProvider>,
    );
    expect(html).toBe('<p role="status">idle</p><ul></ul><p>unknown</p>');
    expect(client.connection.get().status).toBe("idle");
  });

  test("draws a job anew when it has changed, and no other", async ({ cluster: { a } }) => {
    const client = openAs(a);
    const drawn: Record<string, number> = {};
    const One = ({ jobId }: { jobId: string }) => {
      const { job } = useJob(jobId);
      drawn[jobId] = (drawn[jobId] ?? 0) + 1;
      return <p>{job?.status}</p>;
    };
    const first = await submitEcho(client);
    const page = show(client, <One jobId={first} />);
    await vi.waitFor(() => expect(page.getByText("completed")).toBeDefined());
    const before = drawn[first];
    const second = await submitEcho(client, { text: "later" });
    await vi.waitFor(() => expect(client.jobs.get(second)?.status).toBe("completed"));
    expect(drawn[first]).toBe(before);
  });
});

describe("an upload", () => {
  test("is shown while it goes on, and given up with its component", async ({ cluster: { a } }) => {
    const gate = await openGate(Number(new URL(a.url).port));
    onTestFinished(gate.close);
    const client = open({ url: `http://127.0.0.1:${gate.port}`, token: a.token(someone()) });
    const file = new File([new Uint8Array(3_000_000)], "a.bin");
    const seen = new Set<string>();
    let last: UseUpload | undefined;
    const Sender = () => {
      last = useUpload();
      seen.add(last.status);
      return <button onClick={() => void last?.start(file)}>{last.sentBytes}</button>;
    };
    const page = show(client, <Sender />);
    page.getByRole("button").click();
    await vi.waitFor(() => expect(last?.status).toBe("done"));
    expect(page.getByRole("button").textContent).toBe("3000000");
    expect([...seen]).toEqual(["idle", "uploading", "done"]);
    gate.freeze();
    page.getByRole("button").click();
    await vi.waitFor(() => expect(last?.status).toBe("uploading"));
    const second = last?.current;
    page.unmount();
    expect(second?.state.get().status).toBe("cancelled");
  });
});

describe("how busy the queues are", () => {
  test("is known to whoever waits", async ({ cluster: { a } }) => {
    const client = openAs(a);
    const Queue = () => <p>{JSON.stringify(useQueueStatus() ?? null)}</p>;
    const page = show(client, <Queue />);
    await client.submit({ type: "echo", input: { data: { text: "later" } }, delay: 600_000 });
    await vi.waitFor(() => expect(page.container.textContent).toContain('"totalWorkers":'));
  });
});

describe("a job that is removed", () => {
  test("is gone from the page, and not asked for again", async ({ cluster: { a } }) => {
    const client = openAs(a);
    const asked = vi.spyOn(client, "load");
    const One = ({ jobId }: { jobId: string }) => <p>{useJob(jobId).job?.status ?? "gone"}</p>;
    const page = show(client, <One jobId={await submitEcho(client)} />);
    await vi.waitFor(() => expect(page.getByText("completed")).toBeDefined());
    asked.mockClear();
    const [job] = client.jobs.list.get();
    expect((await client.remove(job?.jobId ?? "")).ok).toBe(true);
    await vi.waitFor(() => expect(page.getByText("gone")).toBeDefined());
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("an outcome", () => {
  const Waiting = ({ jobId, told }: { jobId: string; told: Job[] }) => {
    useJob(jobId, { onComplete: (job) => told.push(job) });
    return null;
  };

  test("is told once to a page that waits for it", async ({ cluster: { a } }) => {
    const client = openAs(a);
    const told: Job[] = [];
    const jobId = await submitEcho(client);
    const page = show(client, <Waiting jobId={jobId} told={told} />);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    page.unmount();
    show(client, <Waiting jobId={jobId} told={told} />);
    const later = await submitEcho(client);
    await vi.waitFor(() => expect(client.jobs.get(later)?.status).toBe("completed"));
    expect(told.map(({ status }) => status)).toEqual(["completed"]);
  });

  test("is told once to a page that was closed when it came", async ({ cluster: { a } }) => {
    const user = someone();
    const kept = toKeeper();
    const before = openAs(a, user, kept);
    const jobId = await submitEcho(before);
    before.close();
    const watcher = openAs(a, user);
    watcher.connect();
    await vi.waitFor(async () =>
      expect(await watcher.load(jobId)).toMatchObject({ value: { status: "completed" } }),
    );

    const told: Job[] = [];
    for (const _ of ["opened", "opened again"]) {
      const client = openAs(a, user, kept);
      const page = show(client, <Waiting jobId={jobId} told={told} />);
      await vi.waitFor(() => expect(client.jobs.get(jobId)?.status).toBe("completed"));
      await vi.waitFor(() => expect(told).toHaveLength(1));
      window.dispatchEvent(new Event("pagehide"));
      page.unmount();
    }
    expect(told).toHaveLength(1);
  });

  test("is told of no job that the page may not see", async ({ cluster: { a } }) => {
    const stranger = openAs(a);
    const jobId = await submitEcho(stranger);
    const client = openAs(a);
    const One = () => <p>{useJob(jobId).error?.code}</p>;
    const page = show(client, <One />);
    await vi.waitFor(() => expect(page.getByText("not_found")).toBeDefined());
  });
});
