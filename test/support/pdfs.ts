import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import PDFKit from "pdfkit";
import { inFolder } from "./in-folder.ts";

const exec = promisify(execFile);

/** Programs of Debian's packages qpdf and poppler-utils. */
export async function run(
  program: "qpdf" | "pdffonts" | "pdfimages" | "pdfinfo" | "pdftotext",
  args: string[],
) {
  try {
    return (await exec(program, args, { maxBuffer: 64 * 1024 ** 2 })).stdout;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT")
      throw new Error(`The tests of PDFs need ${program}: install qpdf and poppler-utils`, {
        cause: thrown,
      });
    throw thrown;
  }
}

export interface PdfLook {
  title?: string;
  /** In points; A4 unless given. */
  size?: [width: number, height: number];
  /** Of each page, after "Page 3 of 10". */
  text?: string;
}

/** Pages that say which they are. */
export async function pdf(
  pages: number,
  { title, size, text = "" }: PdfLook = {},
): Promise<Buffer> {
  const drawing = new PDFKit({
    autoFirstPage: false,
    size: size ?? "A4",
    info: title === undefined ? {} : { Title: title },
  });
  const content = buffer(drawing);
  for (let i = 1; i <= pages; i += 1)
    drawing.addPage().text(`Page ${i} of ${pages} ${text}`, 72, 72);
  drawing.end();
  return content;
}

/** Puts a PDF through qpdf: `args` stand before the file that comes out of it. */
export async function qpdf(content: Buffer, args: string[]): Promise<Buffer> {
  return inFolder(async (folder) => {
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    await writeFile(from, content);
    await run("qpdf", [...args, "--", from, to]);
    return await readFile(to);
  });
}

export const locked = (content: Buffer, password: string): Promise<Buffer> =>
  qpdf(content, ["--encrypt", password, "of-the-owner", "256"]);

/** Of each page. */
export async function textOf(path: string): Promise<string[]> {
  const text = await run("pdftotext", [path, "-"]);
  return text
    .split("\f")
    .slice(0, -1)
    .map((page) => page.trim());
}
