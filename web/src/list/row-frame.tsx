import type { ReactNode } from "react";

export interface RowFrameProps {
  picture: ReactNode;
  /** The first line, and the quiet one below it. */
  name: ReactNode;
  about: ReactNode;
  status: ReactNode;
  detail: ReactNode;
  bar?: ReactNode;
  time: ReactNode;
  actions: ReactNode;
}

/** One line of the list: five columns on a wide screen, two lines on a phone; the same elements in both. All rows are of one height, whatever is in them. */
export function RowFrame(props: RowFrameProps) {
  const { picture, name, about, status, detail, bar, time, actions } = props;
  return (
    <div className="group relative grid h-16 grid-cols-[2.5rem_minmax(0,1fr)_auto_auto] content-center items-center gap-x-3 border-t border-line px-1 focus-within:bg-hover hover:bg-hover sm:grid-cols-[2.5rem_minmax(0,1fr)_minmax(0,20rem)_5rem_4.25rem] sm:gap-x-4 sm:px-2">
      <div className="row-span-2 grid size-10 place-items-center overflow-hidden rounded-md bg-hover text-quiet group-hover:bg-ground sm:row-span-1">
        {picture}
      </div>
      <div className="min-w-0">
        <div className="truncate font-medium">{name}</div>
        <div className="truncate text-[0.8125rem] text-quiet max-sm:hidden">{about}</div>
      </div>
      <div className="min-w-0 max-sm:col-span-2 max-sm:col-start-2 max-sm:row-start-2">
        <div className="flex items-center gap-2 text-[0.8125rem]">
          {status}
          <span className="min-w-0 truncate text-quiet">{detail}</span>
        </div>
        {bar !== undefined && <div className="mt-1">{bar}</div>}
      </div>
      <div className="text-right text-[0.8125rem] whitespace-nowrap text-quiet max-sm:col-start-3 max-sm:row-start-1">
        {time}
      </div>
      <div className="relative z-10 flex justify-end max-sm:col-start-4 max-sm:row-span-2 max-sm:row-start-1">
        {actions}
      </div>
    </div>
  );
}
