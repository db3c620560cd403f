import { setNonce } from "get-nonce";

/** Dialogs stop the page from scrolling by a style element of their own, which needs the nonce of this page. */
export function takeNonce(): void {
  const meta = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]');
  if (meta?.nonce !== undefined && meta.nonce !== "") setNonce(meta.nonce);
}
