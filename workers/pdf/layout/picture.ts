import sharp from "sharp";
import { WorkerError } from "../../../src/errors.ts";
import type { Drawing, Paper } from "./paper.ts";

/** A small file can have very many pixels. */
const MAX_INPUT_PIXELS = 50_000_000;
/** More are not seen at the size of a page. */
const MAX_SIDE = 1600;
const MAX_HEIGHT = 320;
const CAPTION = 24;
/** What a picture with its caption takes at most. */
export const PICTURE_ROOM = MAX_HEIGHT + CAPTION;

/** Beginning on a new page where it does not fit; never enlarged. */
export async function drawPicture(
  drawing: Drawing,
  paper: Pick<Paper, "width" | "text" | "reserve" | "space">,
  image: Uint8Array,
  caption: string,
): Promise<void> {
  const { data, info } = await decode(image, caption);
  const scale = Math.min(1, paper.width / info.width, MAX_HEIGHT / info.height);
  const [width, height] = [info.width * scale, info.height * scale];
  paper.reserve(height + CAPTION);
  const { y } = drawing;
  drawing.image(data, drawing.page.margins.left, y, { width, height });
  drawing.y = y + height;
  paper.space(4);
  paper.text(caption, { size: 8, colour: "#667080" });
  paper.space(10);
}

/** Drawn anew by the decoder that images go through: what the drawing library makes of a hostile file is not to be found out. */
async function decode(image: Uint8Array, caption: string) {
  try {
    return await sharp(image, { limitInputPixels: MAX_INPUT_PIXELS, failOn: "error" })
      .autoOrient()
      .resize(MAX_SIDE, MAX_SIDE, { fit: "inside", withoutEnlargement: true })
      .png()
      .toBuffer({ resolveWithObject: true });
  } catch (cause) {
    throw new WorkerError("input_corrupt", `The picture “${caption}” cannot be read`, { cause });
  }
}
