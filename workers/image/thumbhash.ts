import type { Sharp } from "sharp";
import { rgbaToThumbHash } from "thumbhash";

/** The method's own limit. */
const MAX_SIDE = 100;

/** A picture in some 25 bytes, as base64: to show before the picture is there (https://evanw.github.io/thumbhash/). */
export async function toThumbhash(picture: Sharp): Promise<string> {
  const { data, info } = await picture
    .resize(MAX_SIDE, MAX_SIDE, { fit: "inside" })
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString("base64");
}
