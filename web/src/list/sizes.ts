/** Of a row, and of the heading over the first of a section. In rem: whoever reads larger letters has higher rows. */
export const ROW_REM = 4;
export const HEADING_REM = 2.5;

let pxPerRem: number | undefined;

export function remToPx(rem: number): number {
  pxPerRem ??= Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  return rem * pxPerRem;
}
