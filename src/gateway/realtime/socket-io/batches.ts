/** Has work done when all that came in together has been looked at: what a tail brought in one piece, say. Shared by the sockets of a node. */
export interface Batches {
  add(work: Flushable): void;
}

export interface Flushable {
  flush(): void;
}

export function createBatches(): Batches {
  let works: Flushable[] = [];

  function run(): void {
    const due = works;
    works = [];
    for (const work of due) work.flush();
  }

  return {
    add(work) {
      // Microtasks run when the callback is over that the network's bytes were handed to.
      if (works.push(work) === 1) queueMicrotask(run);
    },
  };
}
