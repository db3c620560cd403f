import type { ResultFile } from "@jobcast/client";
import { useJobcast } from "@jobcast/client/react";
import { type ComponentProps, type ReactNode, useState } from "react";
import { forgetLink, lastingUrl } from "./result-files.ts";

export interface PictureProps extends Omit<ComponentProps<"img">, "src" | "onError"> {
  jobId: string;
  file: ResultFile;
  /** Stands there when it cannot be shown. */
  otherwise?: ReactNode;
}

/** A picture of a result. Its link may have run out: then the job is read once more, which signs a new one. */
export function Picture({ jobId, file, otherwise, alt = "", ...rest }: PictureProps) {
  const client = useJobcast();
  const [failures, setFailures] = useState(0);
  if (failures > 1) return otherwise;
  function onError(): void {
    forgetLink(file);
    if (failures > 0) return setFailures(2);
    void client.load(jobId).then((answer) => setFailures(answer.ok ? 1 : 2));
  }
  return (
    <img
      // A new element, so that the same link would be tried again too.
      key={failures}
      alt={alt}
      decoding="async"
      draggable={false}
      {...rest}
      src={lastingUrl(file)}
      onError={onError}
    />
  );
}
