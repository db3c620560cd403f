import { type FileHandle, open } from "node:fs/promises";

/** The description of a film of hours; larger ones are not looked into. */
const MAX_MOOV_BYTES = 64 * 1024 ** 2;
/** Sample entries of sound whose content is encrypted: common encryption, and Apple's. */
const PROTECTED_ENTRIES = ["enca", "drms"];

/** Whether an MP4 says that its sound is encrypted: ffmpeg would decode noise from it, and not say why. */
export async function isProtected(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const moov = await readBox(file, "moov");
    return moov !== undefined && PROTECTED_ENTRIES.some((entry) => hasEntry(moov, entry));
  } finally {
    await file.close();
  }
}

/** A sample entry is followed by six zeros; its name alone may be part of a title. */
const hasEntry = (moov: Buffer, entry: string): boolean =>
  moov.includes(Buffer.concat([Buffer.from(entry, "latin1"), Buffer.alloc(6)]));

/** The content of a top-level box, `undefined` where there is none or the file is no MP4. */
async function readBox(file: FileHandle, wanted: string): Promise<Buffer | undefined> {
  const { size } = await file.stat();
  const header = Buffer.alloc(16);
  for (let at = 0; at + 8 <= size;) {
    await file.read(header, 0, 16, at);
    const name = header.toString("latin1", 4, 8);
    if (!/^[a-z0-9 ]{4}$/i.test(name)) return undefined;
    const length = lengthOf(header, size - at);
    if (length < 8) return undefined;
    if (name !== wanted) {
      at += length;
      continue;
    }
    const content = Buffer.alloc(Math.min(length, size - at, MAX_MOOV_BYTES));
    await file.read(content, 0, content.length, at);
    return content;
  }
  return undefined;
}

/** 1 means that the length has 64 bits, 0 that the box is the last one. */
function lengthOf(header: Buffer, rest: number): number {
  const short = header.readUInt32BE(0);
  if (short === 1) return Number(header.readBigUInt64BE(8));
  return short === 0 ? rest : short;
}
