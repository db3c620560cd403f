import Type, { type Static } from "typebox";

export const IMAGE_FORMATS = ["jpeg", "png", "webp", "avif", "gif"] as const;

export const ImageVariant = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9][A-Za-z0-9_-]*$" }),
    width: Type.Optional(Type.Integer({ minimum: 1, maximum: 8192, description: "Pixels" })),
    height: Type.Optional(Type.Integer({ minimum: 1, maximum: 8192, description: "Pixels" })),
    fit: Type.Optional(Type.Enum(["cover", "contain", "fill", "inside", "outside"] as const)),
    format: Type.Optional(Type.Enum(IMAGE_FORMATS)),
    quality: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  },
  { additionalProperties: false },
);
export type ImageVariant = Static<typeof ImageVariant>;

/** Names become file names, which some disks tell apart only by their letters. */
const haveOwnNames = (variants: ImageVariant[]): boolean =>
  new Set(variants.map(({ name }) => name.toLowerCase())).size === variants.length;

const ImageVariants = Type.Refine(
  Type.Array(ImageVariant, { minItems: 1, maxItems: 20 }),
  haveOwnNames,
  () => "must not have one name twice",
);

export const ImageOptions = Type.Object(
  { variants: Type.Optional(ImageVariants) },
  { $id: "ImageOptions", additionalProperties: false },
);
export type ImageOptions = Static<typeof ImageOptions>;

export const ImageResult = Type.Object({
  width: Type.Integer(),
  height: Type.Integer(),
  format: Type.String(),
  thumbhash: Type.String({ description: "Base64" }),
  exif: Type.Record(Type.String(), Type.Unknown(), {
    description: "Camera and time; never a location",
  }),
});
export type ImageResult = Static<typeof ImageResult>;
