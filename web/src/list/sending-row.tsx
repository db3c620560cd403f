import { memo } from "react";
import { formatBytes } from "../format/bytes.ts";
import { iconOfKind, labelOfKind } from "../job/kinds.ts";
import type { Sending, SendingState } from "../new-work/sending.ts";
import { Ago } from "../ui/ago.tsx";
import { FailedIcon, OfflineIcon, PauseIcon, UploadIcon, WaitingIcon } from "../ui/icons.tsx";
import { LocalPicture } from "../ui/local-picture.tsx";
import { ProgressBar } from "../ui/progress-bar.tsx";
import { useValue } from "../ui/value.ts";
import { RowFrame } from "./row-frame.tsx";
import { SendingActions } from "./sending-actions.tsx";
import { useSendingDetail } from "./use-sending-detail.ts";

const LOOKS: Record<
  SendingState["status"],
  { word: string; Icon: typeof UploadIcon; color: string }
> = {
  "in-line": { word: "To be sent", Icon: WaitingIcon, color: "text-quiet" },
  sending: { word: "Sending", Icon: UploadIcon, color: "text-accent" },
  waiting: { word: "No connection", Icon: OfflineIcon, color: "text-warn" },
  paused: { word: "Paused", Icon: PauseIcon, color: "text-quiet" },
  "handing-in": { word: "Sent", Icon: UploadIcon, color: "text-accent" },
  failed: { word: "Not sent", Icon: FailedIcon, color: "text-bad" },
};

/** A file on its way. */
export const SendingRow = memo(function SendingRow({ sending }: { sending: Sending }) {
  const { order, addedAt, pictureUrl } = sending;
  const { file, kind } = order;
  const state = useValue(sending.state);
  const { word, Icon, color } = LOOKS[state.status];
  const KindIcon = iconOfKind(kind);
  const percent = file.size === 0 ? 100 : (100 * state.sentBytes) / file.size;
  const isBarShown = state.status !== "in-line" && state.status !== "failed";
  return (
    <RowFrame
      picture={<LocalPicture url={pictureUrl} otherwise={<KindIcon className="size-5" />} />}
      name={
        <span data-row tabIndex={-1} title={file.name}>
          {file.name}
        </span>
      }
      about={`${labelOfKind(kind)}, ${formatBytes(file.size)}`}
      status={
        <span className={`inline-flex items-center gap-1.5 font-medium whitespace-nowrap ${color}`}>
          <Icon /> {word}
        </span>
      }
      detail={useSendingDetail(sending, state)}
      {...(isBarShown
        ? {
            bar: (
              <ProgressBar
                percent={percent}
                label={`Sent of ${file.name}`}
                isQuiet={state.status === "paused" || state.status === "waiting"}
              />
            ),
          }
        : {})}
      time={<Ago at={addedAt} />}
      actions={<SendingActions sending={sending} status={state.status} />}
    />
  );
});
