import { defineWorker, Type, WorkerError } from "jobcast/worker";

export default defineWorker({
  type: "word-count",
  input: Type.Object({ text: Type.String({ maxLength: 10_000 }) }),
  options: Type.Object({ longerThan: Type.Optional(Type.Integer({ minimum: 0 })) }),
  async run(job, ctx) {
    const { longerThan = 0 } = job.options;
    const lines = job.input.text.split("\n");
    const counts = new Map<string, number>();
    for (const [i, line] of lines.entries()) {
      ctx.signal.throwIfAborted();
      ctx.progress((100 * i) / lines.length, `line ${i + 1} of ${lines.length}`);
      for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? [])
        if (word.length > longerThan) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    if (counts.size === 0) throw new WorkerError("input_unsupported", "The text has no words");
    const rows = Array.from(counts, ([word, count]) => `${word},${count}\n`);
    const table = await ctx.save("words.csv", Buffer.from(rows.join("")));
    ctx.log.info({ words: counts.size }, "counted");
    return { words: counts.size, files: [table] };
  },
});
