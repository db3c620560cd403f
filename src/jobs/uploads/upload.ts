/** What is written down of a resumable upload when it is created; it never changes. */
export interface Upload {
  uploadId: string;
  /** Who created it: nobody else sees it. */
  userId: string;
  /** Of the file, once all of it is there. */
  bytes: number;
  name: string;
  contentType: string;
  /** Where it is once it is finished. */
  key: string;
  /** `Upload-Metadata` as it was given, or empty. */
  metadata: string;
}

/** After this time without use, ms, an upload is gone. One whose file a job needs stays with the job. */
export const UPLOAD_TTL_MS = 24 * 3_600_000;

/** Keys of finished uploads begin with this; files of multipart requests, each of which is one job's alone, with `uploads/`. */
export const UPLOAD_PREFIX = "tus/";
