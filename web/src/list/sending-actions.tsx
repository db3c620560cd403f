import { useOutbox } from "../new-work/outbox.ts";
import type { Sending, SendingState } from "../new-work/sending.ts";
import { IconButton } from "../ui/button.tsx";
import { CloseIcon, PauseIcon, PlayIcon, RetryIcon } from "../ui/icons.tsx";

export interface SendingActionsProps {
  sending: Sending;
  status: SendingState["status"];
}

export function SendingActions({ sending, status }: SendingActionsProps) {
  const outbox = useOutbox();
  const { name } = sending.order.file;
  const goOn = (): void => outbox.goOn(sending);
  return (
    <>
      {(status === "sending" || status === "waiting") && (
        <IconButton label={`Pause ${name}`} onClick={sending.pause}>
          <PauseIcon />
        </IconButton>
      )}
      {status === "paused" && (
        <IconButton label={`Go on with ${name}`} onClick={goOn}>
          <PlayIcon />
        </IconButton>
      )}
      {status === "failed" && (
        <IconButton label={`Send ${name} again`} onClick={goOn}>
          <RetryIcon />
        </IconButton>
      )}
      {status !== "handing-in" && (
        <IconButton label={`Give up ${name}`} onClick={() => outbox.cancel(sending)}>
          <CloseIcon />
        </IconButton>
      )}
    </>
  );
}
