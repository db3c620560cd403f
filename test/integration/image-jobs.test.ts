import { describe, expect } from "vitest";
import { imageTask, test } from "../support/image-jobs.ts";
import {
  animation,
  animationBomb,
  heic,
  inFormat,
  jpeg,
  noise,
  pixelBomb,
  svg,
  text,
} from "../support/images.ts";

const DAMAGED = "The picture is damaged or incomplete";
const UNREADABLE = "The file is not a picture that can be read";
const TOO_LARGE = "The picture has more than 100 million pixels, counting all its frames";

/** What strangers send, by what they call it. */
const BAD: [what: string, make: () => Promise<Buffer> | Buffer, code: string, message: string][] = [
  ["nothing", () => Buffer.alloc(0), "input_corrupt", "The file is empty"],
  ["a letter called photo.jpg", () => text, "input_unsupported", UNREADABLE],
  ["an SVG", () => svg, "input_unsupported", UNREADABLE],
  ["half a JPEG", async () => half(await noise(400, 300)), "input_corrupt", DAMAGED],
  ["half a PNG", async () => half(await inFormat("png")), "input_corrupt", DAMAGED],
  ["half a WebP", async () => half(await inFormat("webp")), "input_corrupt", DAMAGED],
  ["half a TIFF", async () => half(await inFormat("tiff")), "input_corrupt", DAMAGED],
  ["half an AVIF", async () => half(await inFormat("avif")), "input_corrupt", DAMAGED],
  ["half an animated GIF", async () => half(await animation("gif")), "input_corrupt", DAMAGED],
  [
    "the head of a JPEG alone",
    async () => (await jpeg()).subarray(0, 20),
    "input_corrupt",
    DAMAGED,
  ],
  [
    "a HEIC without a decoder",
    () => heic,
    "input_unsupported",
    "HEIC pictures cannot be read here; please send a JPEG",
  ],
  ["900 million pixels in 100 kB", () => pixelBomb(), "input_too_large", TOO_LARGE],
  [
    "fifty frames of four million pixels in a kilobyte",
    () => animationBomb(),
    "input_too_large",
    TOO_LARGE,
  ],
];

const half = (file: Buffer): Buffer => file.subarray(0, file.length / 2);

describe("an image job with bad input", () => {
  test("ends with a code and a sentence each time, leaves nothing behind, and the next one is done", async ({
    line,
    start,
    submitImage,
  }) => {
    await start({ ...imageTask, concurrency: 2 });
    const sent = [];
    for (const [what, make, code, message] of BAD)
      sent.push({
        what,
        expected: { code, message, run: 1 },
        jobId: await submitImage(await make()),
      });
    const good = await submitImage(await jpeg());

    for (const { what, expected, jobId } of sent) {
      const { failure, events } = await line.outcome(jobId, "image");
      expect.soft(failure, what).toEqual(expected);
      expect
        .soft(
          events.filter(({ event }) => event === "active"),
          what,
        )
        .toHaveLength(1);
    }
    const { result } = await line.outcome(good, "image");
    expect(result).toMatchObject({ width: 400 });
    const left = (await line.files()).filter((path) => !path.startsWith("files/uploads/"));
    expect(left.every((path) => path.startsWith(`files/jobs/${good}/1/`))).toBe(true);
    expect(left).toHaveLength(3);
  });

  test("is known by its content, whatever it is called", async ({ line, start, submitImage }) => {
    await start(imageTask);
    const jobId = await submitImage(await inFormat("png"), { name: "letter.txt" });
    expect((await line.outcome(jobId, "image")).result).toMatchObject({ format: "png" });
  });
});

describe("an image job", () => {
  test("tells its steps as it goes, the last before the outcome", async ({
    line,
    start,
    submitImage,
  }) => {
    await start(imageTask);
    const jobId = await submitImage(await noise(3000, 2000));

    const { result, progress, events } = await line.outcome(jobId, "image");

    expect(progress.at(-1)).toEqual({ run: 1, percent: 99, step: "saving" });
    expect(progress.length).toBeGreaterThan(2);
    expect(events.map(({ event }) => event).slice(-2)).toEqual(["progress", "completed"]);
    expect(result?.["files"]).toHaveLength(3);
  });

  test("stops in the middle of an encoder when it is cancelled", async ({
    line,
    start,
    submitImage,
  }) => {
    await start(imageTask);
    const large = await noise(3000, 2000);
    const jobId = await submitImage(large, {
      options: {
        variants: [
          { name: "a", format: "avif" },
          { name: "b", format: "avif" },
        ],
      },
    });
    await expect
      .poll(async () =>
        (await line.told(jobId, "image")).some(({ data }) => data?.includes("resizing a")),
      )
      .toBe(true);
    await line.cancel(jobId);

    expect((await line.outcome(jobId, "image")).failure).toMatchObject({ code: "cancelled" });
    const left = (await line.files()).filter((path) => !path.startsWith("files/uploads/"));
    expect(left).toEqual([]);
  });
});
