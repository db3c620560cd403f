import type { Page } from "playwright-core";
import sharp from "sharp";

export interface TestFile {
  name: string;
  type: string;
  bytes: Buffer;
}

/** A photograph of nothing, with enough in it to be told apart from an empty one. */
export async function makePicture(name: string): Promise<TestFile> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800">
    <rect width="1200" height="800" fill="#9cc4e4"/><circle cx="900" cy="220" r="110" fill="#f9d976"/>
    <path d="M0 800 L420 300 L760 800 Z" fill="#3a6073"/><path d="M420 800 L820 420 L1200 800 Z" fill="#16222a"/>
  </svg>`;
  const bytes = await sharp(Buffer.from(svg)).jpeg({ quality: 90 }).toBuffer();
  return { name, type: "image/jpeg", bytes };
}

/** As by hand: dragged in from outside, and let go over the page. */
export async function drop(page: Page, { name, type, bytes }: TestFile): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ base64, ...file }) => {
      const data = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const held = new DataTransfer();
      held.items.add(new File([data], file.name, { type: file.type }));
      return held;
    },
    { name, type, base64: bytes.toString("base64") },
  );
  for (const event of ["dragenter", "dragover", "drop"])
    await page.dispatchEvent("body", event, { dataTransfer: transfer });
}

/** Chooses it with the page's own button instead. */
export const choose = (page: Page, ...files: TestFile[]): Promise<void> =>
  page
    .getByLabel("Files", { exact: true })
    .setInputFiles(files.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes })));
