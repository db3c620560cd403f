import { filesOf, isPicture } from "../result-files.ts";
import { Facts, textOf } from "./facts.tsx";
import type { ResultProps } from "./result-view.tsx";
import { Variant } from "./variant.tsx";

/** The variants of a picture, side by side. */
export function ImageResult({ job, result }: ResultProps) {
  const { width, height, format } = result;
  const exif = typeof result["exif"] === "object" && result["exif"] !== null ? result["exif"] : {};
  const camera: Record<string, unknown> = { ...exif };
  return (
    <section className="space-y-4">
      <ul className="grid grid-cols-1 gap-4 min-[26rem]:grid-cols-2">
        {filesOf(job)
          .filter(isPicture)
          .map((file) => (
            <li key={file.name}>
              <Variant jobId={job.jobId} file={file} />
            </li>
          ))}
      </ul>
      <Facts
        facts={[
          ["Original", `${textOf(width)} × ${textOf(height)} px, ${textOf(format)}`],
          ["Camera", [camera["make"], camera["model"]].map(textOf).filter(Boolean).join(" ")],
          ["Taken", textOf(camera["dateTimeOriginal"])],
        ]}
      />
    </section>
  );
}
