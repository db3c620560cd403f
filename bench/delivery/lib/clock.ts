const hrtimeUs = () => Number(process.hrtime.bigint()) / 1000;
const offsetUs = measureOffset();

/** Microseconds of CLOCK_MONOTONIC: the same in every process of a machine, and cheaper than `hrtime`. */
export const nowUs = (): number => offsetUs + performance.now() * 1000;

export const untilUs = (at: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, (at - nowUs()) / 1000)));

/** Of many tries the one that nothing came between: on a busy core that may be milliseconds. */
function measureOffset(): number {
  let best = { width: Infinity, offset: 0 };
  for (let i = 0; i < 100; i += 1) {
    const before = hrtimeUs();
    const now = performance.now() * 1000;
    const width = hrtimeUs() - before;
    if (width < best.width) best = { width, offset: before + width / 2 - now };
  }
  return best.offset;
}
