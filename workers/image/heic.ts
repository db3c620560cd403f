import { readFile } from "node:fs/promises";
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

/** The pixels of a HEIC file, upright, if a decoder is installed. Fails with `input_unsupported` or `input_corrupt`. */
export async function decodeHeic(path: string): Promise<Source> {
  const decode = await loadDecoder();
  const buffer = await readFile(path);
  const { width, height, data } = await decode({ buffer }).catch((cause: unknown) => {
    throw new WorkerError("input_corrupt", "The picture is damaged or incomplete", { cause });
  });
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
