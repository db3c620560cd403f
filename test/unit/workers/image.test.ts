import { Compile } from "typebox/compile";
import { describe, expect, test } from "vitest";
import { ImageOptions } from "../../../src/contract/job-types/image.ts";
import { WorkerError } from "../../../src/errors.ts";
import { toImageError } from "../../../workers/image/errors.ts";
import { readExif } from "../../../workers/image/exif.ts";

const isImageOptions = Compile(ImageOptions);

describe("image options", () => {
  test("name each variant once, however it is written", () => {
    const named = (...names: string[]) => ({ variants: names.map((name) => ({ name })) });
    expect(isImageOptions.Check(named("small", "large"))).toBe(true);
    expect(isImageOptions.Check(named("small", "Small"))).toBe(false);
    expect(isImageOptions.Errors(named("small", "small"))).toMatchObject([
      { instancePath: "/variants", message: "must not have one name twice" },
    ]);
  });

  test.for(["../etc", "a/b", ".hidden", "a.webp", "", "-x"])("take no name like %j", (name) => {
    expect(isImageOptions.Check({ variants: [{ name }] })).toBe(false);
  });
});

describe("an error of the image library", () => {
  test.for([
    ["Input image exceeds pixel limit", "input_too_large"],
    ["heif: Unsupported feature: Unsupported codec", "input_unsupported"],
    [
      "heif: Error while loading plugin: Support for this compression format has not been built in",
      "input_unsupported",
    ],
    ["VipsJpeg: premature end of JPEG image", "input_corrupt"],
    ["Input file contains unsupported image format", "input_corrupt"],
    ["pngload: libspng read error", "input_corrupt"],
  ] as const)("%j is told as %s, without its words", ([words, code]) => {
    const error = toImageError(new Error(words));
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain(words);
  });

  test("stays what it is when it is ours, the disk's or unknown", () => {
    const ours = new WorkerError("input_missing", "Gone");
    const disk = Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
    for (const error of [ours, disk, new Error("x is not defined"), "text"])
      expect(toImageError(error)).toBe(error);
  });
});

test("EXIF that cannot be read is empty", () => {
  expect(readExif(Buffer.from("Exif\0\0nonsense"))).toEqual({});
  expect(readExif(undefined)).toEqual({});
});
