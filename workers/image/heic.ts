import { WorkerError } from "../../src/errors.ts";
import type { Source } from "./picture.ts";

interface Decoded {
  width: number;
  height: number;
  data: ArrayBuffer;
}
type Decode = (options: { buffer: Uint8Array }) => Promise<Decoded>;

/** Not a dependency, since its licence (LGPL-3.0) and its patents are for whoever installs it to judge: `npm install heic-decode`. */
const DECODER = "heic-decode";

/** The pixels of a HEIC file, if a decoder is installed. Fails with `input_unsupported`, `input_too_large` or `input_corrupt`. */
export async function decodeHeic(buffer: Uint8Array, maxPixels: number): Promise<Source> {
  const decode = await loadDecoder();
  const { width, height, data } = await decode({ buffer }).catch((cause: unknown) => {
    throw new WorkerError("input_corrupt", "The picture is damaged", { cause });
  });
  if (width * height > maxPixels)
    throw new WorkerError("input_too_large", "The picture has too many pixels");
  return { input: new Uint8Array(data), options: { raw: { width, height, channels: 4 } } };
}

async function loadDecoder(): Promise<Decode> {
  try {
    const { default: decode }: { default: Decode } = await import(DECODER);
    return decode;
  } catch (cause) {
    throw new WorkerError(
      "input_unsupported",
      "HEIC pictures cannot be read here; please send a JPEG",
      { cause },
    );
  }
}
