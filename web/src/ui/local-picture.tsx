import { type ReactNode, useState } from "react";

export interface LocalPictureProps {
  url: string | undefined;
  /** Stands there for a file that is no picture after all. */
  otherwise: ReactNode;
}

/** A picture that was chosen here, before anybody has looked into it. */
export function LocalPicture({ url, otherwise }: LocalPictureProps) {
  const [isBroken, setIsBroken] = useState(false);
  if (url === undefined || isBroken) return otherwise;
  return (
    <img
      src={url}
      alt=""
      decoding="async"
      onError={() => setIsBroken(true)}
      className="size-full object-cover"
    />
  );
}
