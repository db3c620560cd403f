import sharp from "sharp";
import { thumbHashToAverageRGBA } from "thumbhash";
import { describe, expect } from "vitest";
import { test } from "../support/folder.ts";
import {
  animation,
  inFormat,
  jpeg,
  noise,
  transparentPng,
  turnedPhoto,
} from "../support/images.ts";
import { type ImageRun, runImage } from "../support/run-image.ts";

/** A file of the result, which must be there. */
function fileOf({ files }: ImageRun, name: string): Buffer {
  const file = files.get(name);
  if (file === undefined) throw new Error(`No ${name} among ${[...files.keys()].join()}`);
  return file;
}

/** Red, green, blue of a pixel; negative places count from the end. */
async function colourAt(image: Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(image)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = ((y < 0 ? info.height + y : y) * info.width + (x < 0 ? info.width + x : x)) * 3;
  return [...data.subarray(at, at + 3)];
}

const isNear = (colour: number[], wanted: number[]) =>
  colour.every((value, i) => Math.abs(value - (wanted[i] ?? 0)) < 30);

describe("a picture without options", () => {
  test("gets three variants, each within its square", async ({ folder }) => {
    const run = await runImage(folder, await noise(3000, 1500));

    expect(run.result).toMatchObject({ width: 3000, height: 1500, format: "jpeg", exif: {} });
    expect(run.result.files?.map(({ name, contentType }) => [name, contentType])).toEqual([
      ["preview.webp", "image/webp"],
      ["display.webp", "image/webp"],
      ["large.jpg", "image/jpeg"],
    ]);
    const sizes = await Promise.all([...run.files.values()].map((file) => sharp(file).metadata()));
    expect(sizes.map(({ format, width, height }) => [format, width, height])).toEqual([
      ["webp", 320, 160],
      ["webp", 1280, 640],
      ["jpeg", 2048, 1024],
    ]);
  });

  test("is never enlarged", async ({ folder }) => {
    const run = await runImage(folder, await jpeg(100, 80));
    for (const file of run.files.values())
      expect(await sharp(file).metadata()).toMatchObject({ width: 100, height: 80 });
  });

  test("tells its steps in order", async ({ folder }) => {
    const { progress } = await runImage(folder, await jpeg());
    expect(progress.map(([, step]) => step)).toEqual([
      "reading",
      "resizing preview",
      "resizing display",
      "resizing large",
      "saving",
    ]);
    const percents = progress.map(([percent]) => percent);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  });

  test("has a hash of its colours, also when it has fewer channels", async ({ folder }) => {
    const gray = await sharp(await jpeg())
      .grayscale()
      .png()
      .toBuffer();
    for (const [image, blue] of [
      [await jpeg(), 0.5],
      [gray, 0.2],
    ] as const) {
      const { result } = await runImage(folder, image);
      const hash = Buffer.from(String(result["thumbhash"]), "base64");
      expect(hash.length).toBeLessThan(40);
      const average = thumbHashToAverageRGBA(hash);
      expect(average.a).toBe(1);
      expect(Math.abs(average.b - blue)).toBeLessThan(0.2);
    }
  });
});

describe("a photograph", () => {
  test("is turned as its camera was held", async ({ folder }) => {
    const run = await runImage(folder, await turnedPhoto());

    expect(run.result).toMatchObject({ width: 400, height: 300 });
    const display = fileOf(run, "display.webp");
    expect(await sharp(display).metadata()).toMatchObject({ width: 400, height: 300 });
    expect(await colourAt(display, 5, 5)).toSatisfy((c: number[]) => isNear(c, [255, 0, 0]));
    expect(await colourAt(display, -5, -5)).toSatisfy((c: number[]) => isNear(c, [0, 0, 255]));
  });

  test("tells its camera and time, and neither place, owner nor number", async ({ folder }) => {
    const { result } = await runImage(folder, await turnedPhoto());
    expect(result["exif"]).toEqual({
      make: "Maker",
      model: "Model 1",
      software: "1.0",
      dateTimeOriginal: "2026-05-06T07:08:09.000Z",
      exposureTime: 0.004,
      fNumber: 2.8,
    });
  });

  test("loses its metadata in every variant", async ({ folder }) => {
    const original = await turnedPhoto();
    expect(original.includes("SERIAL-4711")).toBe(true);
    const variants = (["jpeg", "png", "webp", "avif", "gif"] as const).map((format) => ({
      name: format,
      format,
    }));

    const { files } = await runImage(folder, original, { variants });

    for (const file of files.values()) {
      const { exif, xmp, iptc, orientation } = await sharp(file).metadata();
      expect([exif, xmp, iptc, orientation]).toEqual([undefined, undefined, undefined, undefined]);
      expect(file.includes("SERIAL-4711") || file.includes("Private")).toBe(false);
    }
  });
});

describe("variants", () => {
  test("have the size, fit and format that was asked for", async ({ folder }) => {
    const run = await runImage(folder, await jpeg(400, 300), {
      variants: [
        { name: "square", width: 50, height: 50, fit: "cover", format: "png" },
        { name: "boxed", width: 50, height: 50, fit: "contain", format: "jpeg" },
        { name: "squeezed", width: 20, height: 90, fit: "fill", format: "webp" },
        { name: "narrow", width: 40 },
        { name: "bigger", width: 800, format: "avif" },
        { name: "same", format: "gif" },
      ],
    });

    const sizes: Record<string, [string, number, number]> = {};
    for (const [name, file] of run.files) {
      const { format, width, height } = await sharp(file).metadata();
      sizes[name] = [format, width, height];
    }
    expect(sizes).toEqual({
      "square.png": ["png", 50, 50],
      "boxed.jpg": ["jpeg", 50, 50],
      "squeezed.webp": ["webp", 20, 90],
      "narrow.jpg": ["jpeg", 40, 30],
      "bigger.avif": ["heif", 800, 600],
      "same.gif": ["gif", 400, 300],
    });
  });

  test("are smaller at a lower quality", async ({ folder }) => {
    const { files } = await runImage(folder, await noise(300, 300), {
      variants: [
        { name: "good", quality: 95 },
        { name: "bad", quality: 10 },
      ],
    });
    const [good = 0, bad = 0] = [...files.values()].map((file) => file.length);
    expect(bad).toBeLessThan(good / 3);
  });

  test("of something transparent are white behind it where the format must", async ({ folder }) => {
    const run = await runImage(folder, await transparentPng(), {
      variants: [
        { name: "flat", format: "jpeg" },
        { name: "clear", format: "webp" },
      ],
    });
    const flat = fileOf(run, "flat.jpg");
    expect(await colourAt(flat, 5, 50)).toSatisfy((c: number[]) => isNear(c, [255, 255, 255]));
    expect(await colourAt(flat, -5, 50)).toSatisfy((c: number[]) => isNear(c, [0, 255, 0]));
    expect(await sharp(fileOf(run, "clear.webp")).metadata()).toMatchObject({ hasAlpha: true });
  });

  test.for(["tiff", "avif", "png", "webp"] as const)(
    "are made of a %s, in its own format where that is one of theirs",
    async (format, { folder }) => {
      const { result } = await runImage(folder, await inFormat(format), {
        variants: [{ name: "a" }],
      });
      expect(result).toMatchObject({ width: 80, height: 60, format });
      const expected = format === "tiff" ? "webp" : format;
      expect(result.files?.[0]).toMatchObject({
        name: `a.${expected}`,
        contentType: `image/${expected}`,
      });
    },
  );

  test.for(["gif", "webp"] as const)("of an animated %s move", async (format, { folder }) => {
    const run = await runImage(folder, await animation(format), {
      variants: [
        { name: "small", width: 30 },
        { name: "gif", format: "gif" },
        { name: "webp", width: 30, height: 20, fit: "cover", format: "webp" },
        { name: "still", format: "jpeg" },
      ],
    });

    expect(run.result).toMatchObject({ width: 60, height: 60, format });
    const pages: Record<string, [number | undefined, number, number]> = {};
    for (const [name, file] of run.files) {
      const { pages: count, width, height } = await sharp(file).metadata();
      pages[name] = [count, width, height];
    }
    expect(pages).toEqual({
      [`small.${format}`]: [4, 30, 30],
      "gif.gif": [4, 60, 60],
      "webp.webp": [4, 30, 20],
      "still.jpg": [undefined, 60, 60],
    });
  });
});
