import { crc32, deflateSync } from "node:zlib";
import sharp, { type Exif } from "sharp";

/** What a camera and a telephone write into a photograph, the private among it. */
const EXIF: Exif = {
  IFD0: { Make: "Maker", Model: "Model 1", Artist: "Somebody Private", Software: "1.0" },
  IFD2: {
    DateTimeOriginal: "2026:05:06 07:08:09",
    ExposureTime: "1/250",
    FNumber: "28/10",
    BodySerialNumber: "SERIAL-4711",
    CameraOwnerName: "Somebody Private",
  },
  IFD3: { GPSLatitudeRef: "N", GPSLatitude: "52/1 30/1 0/1", GPSLongitude: "13/1 24/1 0/1" },
};

/** Red above blue, as it is meant to be seen: `width` times `height`. */
function flag(width: number, height: number) {
  const half = {
    width,
    height: Math.floor(height / 2),
    channels: 3 as const,
    background: "#ff0000",
  };
  return sharp({ create: { ...half, height, background: "#0000ff" } }).composite([
    { input: { create: half }, gravity: "north" },
  ]);
}

export const jpeg = (width = 400, height = 300): Promise<Buffer> =>
  flag(width, height).jpeg().toBuffer();

/** Red above blue when it is turned as its EXIF says; its own pixels lie on their side. */
export async function turnedPhoto(): Promise<Buffer> {
  const upright = await flag(400, 300).png().toBuffer();
  // 6: the viewer turns it a quarter to the right.
  return sharp(upright)
    .rotate(270)
    .withExif(EXIF)
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
}

/** Like noise, so that it takes some work and compresses badly. */
export const noise = (width: number, height: number): Promise<Buffer> =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: "#000000",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  })
    .jpeg({ quality: 90 })
    .toBuffer();

/** Each frame of another shade. */
export async function animation(
  format: "gif" | "webp",
  { frames = 4, size = 60 } = {},
): Promise<Buffer> {
  const images = await Promise.all(
    Array.from({ length: frames }, (_, i) => {
      const shade = Math.round((255 * i) / frames);
      const background = { r: shade, g: 0, b: 255 - shade };
      return sharp({ create: { width: size, height: size, channels: 3, background } })
        .png()
        .toBuffer();
    }),
  );
  const joined = sharp(images, { join: { animated: true } });
  return (format === "gif" ? joined.gif() : joined.webp()).toBuffer();
}

/** Transparent on the left, green on the right. */
export const transparentPng = (): Promise<Buffer> =>
  sharp({ create: { width: 100, height: 100, channels: 4, background: "#00000000" } })
    .composite([
      {
        input: { create: { width: 50, height: 100, channels: 4, background: "#00ff00" } },
        gravity: "east",
      },
    ])
    .png()
    .toBuffer();

export const inFormat = (format: "tiff" | "avif" | "png" | "webp"): Promise<Buffer> =>
  flag(80, 60)[format]().toBuffer();

/** 900 million black pixels in 110 kB. */
export function pixelBomb(side = 30_000): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // One bit a pixel, in shades of grey.
  header.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc(side * (1 + Math.ceil(side / 8))));
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const chunks = [toChunk("IHDR", header), toChunk("IDAT", rows), toChunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function toChunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([frame.subarray(0, 4), content, frame.subarray(4)]);
}

/** Fifty frames of four million pixels each, in a kilobyte. */
export function animationBomb(side = 2000): Buffer {
  const screen = Buffer.from([0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
  screen.writeUInt16LE(side, 0);
  screen.writeUInt16LE(side, 2);
  // One pixel at the corner, drawn anew.
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  return Buffer.concat([Buffer.from("GIF89a"), screen, ...Array(50).fill(frame), Buffer.from(";")]);
}

export const svg = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><image href="file:///etc/passwd"/></svg>`,
);

export const text = Buffer.from("Dear Sir or Madam,\n".repeat(100));

/** 64 by 48 pixels, made once with libheif; sharp can read its header alone. */
export const heic = Buffer.from(
  [
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAeFtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAA",
    "AAAAAAAAAAAA5waXRtAAAAAAACAAAAEGlkYXQAAAAAAEAAMAAAAExpbG9jAQAAAERAAAMAAQAAAAAAAAIFAAEAAAAA",
    "AAAAGgACAAEAAAAAAAAAAQAAAAAAAAAIAAMAAAAAAAACHwABAAAAAAAAAQAAAABNaWluZgAAAAAAAwAAABVpbmZlAg",
    "AAAQABAABodmMxAAAAABVpbmZlAgAAAAACAABncmlkAAAAABVpbmZlAgAAAQADAABFeGlmAAAAANVpcHJwAAAAs2lw",
    "Y28AAABzaHZjQwEDcAAAAAAAAAAAAB7wAPz9+PgAAA8DIAABABhAAQwB//8DcAAAAwCQAAADAAADAB66AkAhAAEAJ0",
    "IBAQNwAAADAJAAAAMAAAMAHqAggQWW6uSmubAgAAADACAAAAMAISIAAQAGRAHBc8CJAAAAFGlzcGUAAAAAAAAAQAAA",
    "AEAAAAAUaXNwZQAAAAAAAABAAAAAMAAAABBwaXhpAAAAAAMICAgAAAAaaXBtYQAAAAAAAAACAAECgQIAAgIDhAAAAC",
    "hpcmVmAAAAAAAAAA5kaW1nAAIAAQABAAAADmNkc2MAAwABAAIAAAEibWRhdAAAABYoAa8ZgO9Jpb7Tudl/53Yv8JrW",
    "mPm4AAAAAElJKgAIAAAACAAPAQIABgAAAH4AAAASAQMAAQAAAAEAAAAaAQUAAQAAAG4AAAAbAQUAAQAAAHYAAAAoAQ",
    "MAAQAAAAIAAAATAgMAAQAAAAEAAABphwQAAQAAAIQAAAAliAQAAQAAANIAAAAAAAAAOGMAAOgDAAA4YwAA6AMAAE1h",
    "a2VyAAYAAJAHAAQAAAAwMjEwAZEHAAQAAAABAgMAAKAHAAQAAAAwMTAwAaADAAEAAAD//wAAAqAEAAEAAABAAAAAA6",
    "AEAAEAAAAwAAAAAAAAAAEAAgAFAAMAAADkAAAAAAAAADQAAAABAAAAHgAAAAEAAAAAAAAAAQAAAA==",
  ].join(""),
  "base64",
);
