export interface ProgressBarProps {
  /** 0 to 100. */
  percent: number;
  label: string;
  /** Stands still, and is no news. */
  isQuiet?: boolean;
}

/** Grows by a transform, which needs no layout; not read out by itself, since it changes all the time. */
export function ProgressBar({ percent, label, isQuiet = false }: ProgressBarProps) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
      className="h-1 w-full overflow-hidden rounded-full bg-line"
    >
      <div
        className={`h-full origin-left rounded-full transition-transform duration-200 ${isQuiet ? "bg-edge" : "bg-accent"}`}
        style={{ transform: `scaleX(${percent / 100})` }}
      />
    </div>
  );
}
