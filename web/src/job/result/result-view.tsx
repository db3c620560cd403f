import type { Job } from "@jobcast/client";
import { AnalysisResult } from "./analysis-result.tsx";
import { FileList } from "./file-list.tsx";
import { ImageResult } from "./image-result.tsx";
import { OtherResult } from "./other-result.tsx";
import { PdfResult } from "./pdf-result.tsx";
import { TranscriptResult } from "./transcript-result.tsx";

export interface ResultProps {
  job: Job;
  /** By type of job; one of a worker of somebody's own may hold anything. */
  result: Record<string, unknown>;
}

const VIEWS: Record<string, typeof ImageResult> = {
  image: ImageResult,
  pdf: PdfResult,
  transcription: TranscriptResult,
  analysis: AnalysisResult,
};

/** What came of a job, in its place. */
export function ResultView({ job, result }: ResultProps) {
  const View = VIEWS[job.type] ?? OtherResult;
  return (
    <>
      <View job={job} result={result} />
      {job.type !== "image" && <FileList job={job} />}
    </>
  );
}
