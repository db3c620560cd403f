const MAX_NAME_LENGTH = 200;

/** What a file is called, without folders and what cannot be printed. */
export function toBareName(text: string): string {
  const bare = text.split(/[/\\]/).at(-1) ?? "";
  return bare.replaceAll(/\p{C}/gu, "").trim().slice(0, MAX_NAME_LENGTH) || "file";
}

/** A name that the store takes and an address shows without escapes; what it was called is kept beside it. */
export function toSafeName(name: string): string {
  const ascii = name.normalize("NFKD").replaceAll(/[^A-Za-z0-9._-]+/g, "_");
  return (
    ascii
      .replace(/^[._]+/, "")
      .slice(-100)
      .replace(/^\.+/, "") || "file"
  );
}

/** A content type as somebody claims it, if it looks like one. */
export const toContentType = (claimed: string): string =>
  /^[a-z0-9][\w.+-]{0,60}\/[a-z0-9][\w.+-]{0,60}$/i.test(claimed)
    ? claimed.toLowerCase()
    : "application/octet-stream";
