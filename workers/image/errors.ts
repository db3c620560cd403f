import { WorkerError } from "../../src/errors.ts";

/** libvips says what is wrong only in words. */
const TOO_LARGE = /exceeds pixel limit|too large|out of memory/i;
const UNSUPPORTED = /has not been built|unsupported (?!image format)|not supported/i;
/** "Unsupported image format" among them: its first bytes were those of a format that can be read. */
const DAMAGED =
  /unsupported image format|premature end|corrupt|truncated|unexpected end|invalid|bad |error reading|not a |unable to|missing|EOF|decode|libspng|webp|gif|tiff|heif|jpeg|png/i;

/** Tells apart what is wrong with a picture from what is wrong with us. */
export function toImageError(thrown: unknown): unknown {
  if (thrown instanceof WorkerError || !(thrown instanceof Error)) return thrown;
  // Errors of the file system have a code, those of libvips do not.
  if ("code" in thrown) return thrown;
  const { message: words } = thrown;
  const cause = { cause: thrown };
  if (TOO_LARGE.test(words))
    return new WorkerError("input_too_large", "The picture is too large", cause);
  if (UNSUPPORTED.test(words))
    return new WorkerError("input_unsupported", "This kind of picture cannot be read", cause);
  if (DAMAGED.test(words))
    return new WorkerError("input_corrupt", "The picture is damaged or incomplete", cause);
  return thrown;
}
