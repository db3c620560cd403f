import { randomFillSync } from "node:crypto";
import { deflateSync } from "node:zlib";

/** Objects of a PDF by number, from 1, the catalog first: as text, or a stream with its dictionary. */
type RawObject = string | { dictionary: string; stream: Buffer };

/** A PDF as it is written by hand, with whatever is wrong in it. */
export function rawPdf(objects: RawObject[]): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n")];
  let at = 9;
  const places = objects.map((object, i) => {
    const place = at;
    const body = Buffer.concat([
      Buffer.from(`${i + 1} 0 obj\n`),
      toBody(object),
      Buffer.from("\nendobj\n"),
    ]);
    parts.push(body);
    at += body.length;
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const count = objects.length + 1;
  const table = `xref\n0 ${count}\n0000000000 65535 f \n${places.join("")}`;
  const trailer = `trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(table + trailer)]);
}

function toBody(object: RawObject): Buffer {
  if (typeof object === "string") return Buffer.from(object, "latin1");
  const { dictionary, stream } = object;
  const head = Buffer.from(`<< ${dictionary} /Length ${stream.length} >>\nstream\n`);
  return Buffer.concat([head, stream, Buffer.from("\nendstream")]);
}

const FONT = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";

const words = (text: string): RawObject => ({
  dictionary: "",
  stream: Buffer.from(`BT /F 12 Tf 20 100 Td (${text}) Tj ET`),
});

/** Pages that all show one content, which is object 3. */
function pagesOf(count: number, content: RawObject, catalog = ""): Buffer {
  const kids = Array.from({ length: count }, (_, i) => `${i + 4} 0 R`);
  const resources = `/Resources << ${FONT} >>`;
  return rawPdf([
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    `<< /Type /Pages /Count ${count} /Kids [${kids.join(" ")}] /MediaBox [0 0 300 200] ${resources} >>`,
    content,
    ...kids.map(() => "<< /Type /Page /Parent 2 0 R /Contents 3 0 R >>"),
  ]);
}

export const manyPages = (count: number): Buffer => pagesOf(count, words("one of many"));

/** Acts when it is opened, in readers that let it. */
export const scripted = (): Buffer =>
  pagesOf(
    1,
    words("harmless"),
    '/OpenAction << /S /JavaScript /JS (app.launchURL("http://127.0.0.1:1/", true)) >> /Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (while(true);) >>] >> >>',
  );

/** A page whose picture is noise: so many million bytes. */
export function noisePdf(megabytes: number): Buffer {
  const [width, height] = [1000, megabytes * 1000];
  return rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>",
    { dictionary: "", stream: Buffer.from("300 0 0 200 0 0 cm /I Do") },
    {
      dictionary: `/Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceGray /BitsPerComponent 8`,
      stream: randomFillSync(Buffer.alloc(width * height)),
    },
  ]);
}

/** Four gigabytes of page content in a few kilobytes. */
export function contentBomb(): Buffer {
  const once = deflateSync(Buffer.alloc(100_000_000, " "));
  const stream = deflateSync(once, { level: 9 });
  const filter = "/Filter [/FlateDecode /FlateDecode]";
  const contents = Array.from({ length: 40 }, () => "3 0 R").join(" ");
  return rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
    { dictionary: filter, stream },
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents [${contents}] >>`,
  ]);
}

/** Says that it has a thousand million pages. */
export const boaster = (): Buffer =>
  rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1000000000 /Kids [3 0 R] >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] >>",
  ]);

/** A tree of pages that is its own branch. */
export const endless = (): Buffer =>
  rawPdf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 2 /Kids [2 0 R 2 0 R] /Parent 2 0 R >>",
  ]);
