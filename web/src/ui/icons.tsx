import type { ReactNode } from "react";

export interface IconProps {
  className?: string;
}

/** Drawn on 16 by 16, with lines as thick as those of the letters beside them. */
const icon = (drawing: ReactNode) =>
  function Icon({ className = "size-4" }: IconProps) {
    return (
      <svg
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        className={`shrink-0 ${className}`}
      >
        {drawing}
      </svg>
    );
  };

export const ImageIcon = icon(
  <>
    <rect x="2" y="2.5" width="12" height="11" rx="1.5" />
    <circle cx="5.5" cy="6" r="1" />
    <path d="m2.5 12 3.5-3.5 2.5 2.5 2.5-3 2.5 3" />
  </>,
);
export const PdfIcon = icon(
  <>
    <path d="M9 1.75H4.5c-.8 0-1.5.7-1.5 1.5v9.5c0 .8.7 1.5 1.5 1.5h7c.8 0 1.5-.7 1.5-1.5v-7z" />
    <path d="M9 1.75v4h4M5.75 8.75h4.5M5.75 11.25h3" />
  </>,
);
export const SoundIcon = icon(<path d="M2 7v2m3-4.5v7m3-9.5v12m3-8.5v5m3-3.5v2" />);
export const AnalysisIcon = icon(
  <path d="M2.5 3.5h11M2.5 6.5h7M2.5 9.5h4m4.75-1.5.8 2.2 2.2.8-2.2.8-.8 2.2-.8-2.2-2.2-.8 2.2-.8z" />,
);
export const WorkIcon = icon(
  <>
    <rect x="2.5" y="2.5" width="11" height="11" rx="2" />
    <path d="m6 6 2 2-2 2m3.5 0h1" />
  </>,
);
export const WaitingIcon = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 4.75V8l2 1.5" />
  </>,
);
export const RunningIcon = icon(
  <>
    <circle cx="8" cy="8" r="6" opacity=".3" />
    <path d="M8 2a6 6 0 0 1 6 6" />
  </>,
);
export const DoneIcon = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="m5.5 8.25 1.75 1.75L10.5 6.5" />
  </>,
);
export const FailedIcon = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 5v3.5m0 2.25v.01" />
  </>,
);
export const CancelledIcon = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="m3.9 12.1 8.2-8.2" />
  </>,
);
export const CloseIcon = icon(<path d="m4 4 8 8m0-8-8 8" />);
export const RetryIcon = icon(<path d="M13 8a5 5 0 1 1-1.6-3.7L13 5.75M13 2.5v3.25H9.75" />);
export const RemoveIcon = icon(
  <path d="M2.75 4.25h10.5M6 4.25V2.5h4v1.75m1.75 0-.6 8.1c0 .7-.6 1.15-1.25 1.15H6.1c-.65 0-1.2-.45-1.25-1.15l-.6-8.1" />,
);
export const PauseIcon = icon(<path d="M5.5 3.5v9m5-9v9" />);
export const PlayIcon = icon(<path d="M5 3.25v9.5L12.5 8z" />);
export const UploadIcon = icon(
  <path d="M8 10.5V2.75M4.75 5.75 8 2.5l3.25 3.25M2.5 10.5v1.75c0 .7.6 1.25 1.25 1.25h8.5c.7 0 1.25-.6 1.25-1.25V10.5" />,
);
export const DownloadIcon = icon(
  <path d="M8 2.5v7.75M4.75 7.25 8 10.5l3.25-3.25M2.5 11v1.25c0 .7.6 1.25 1.25 1.25h8.5c.7 0 1.25-.6 1.25-1.25V11" />,
);
export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.5" />
    <path d="m10.5 10.5 3 3" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.75" />
    <path d="M8 1.5v1.25m0 10.5v1.25M1.5 8h1.25m10.5 0h1.25M3.4 3.4l.9.9m7.4 7.4.9.9m0-9.2-.9.9m-7.4 7.4-.9.9" />
  </>,
);
export const MoonIcon = icon(<path d="M13.5 9.5A5.75 5.75 0 0 1 6.5 2.5a5.75 5.75 0 1 0 7 7z" />);
export const SystemIcon = icon(
  <>
    <rect x="1.75" y="2.5" width="12.5" height="8.5" rx="1.5" />
    <path d="M5.5 13.75h5M8 11v2.75" />
  </>,
);
export const LeaveIcon = icon(
  <path d="M6.5 2.5H4c-.7 0-1.25.6-1.25 1.25v8.5c0 .7.6 1.25 1.25 1.25h2.5M10.5 5l3 3-3 3m3-3h-7" />,
);
export const OpenIcon = icon(<path d="m6 3.5 4.5 4.5L6 12.5" />);
export const CopyIcon = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 3.5c0-.6-.4-1-1-1h-6c-.6 0-1 .4-1 1v6c0 .6.4 1 1 1" />
  </>,
);
export const TextIcon = icon(<path d="M3 3.5h10M3 6.5h10M3 9.5h10M3 12.5h6" />);
export const OfflineIcon = icon(
  <path d="m2.5 2.5 11 11M1.75 6.5a9 9 0 0 1 3-1.9m3-.6a9 9 0 0 1 6.5 2.5M4 9.25a6 6 0 0 1 3-1.6m3.5.6c.55.25 1.05.6 1.5 1M8 12.25v.01" />,
);

/** Of the page itself: work of which more and more is done. */
export function Mark({ className = "size-6" }: IconProps) {
  return (
    <svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true" className={className}>
      <rect x="2" y="4" width="20" height="4" rx="2" />
      <rect x="2" y="10" width="14" height="4" rx="2" opacity=".65" />
      <rect x="2" y="16" width="8" height="4" rx="2" opacity=".35" />
    </svg>
  );
}
