import { UploadIcon } from "../ui/icons.tsx";

/** Over the whole page, while files are held over it. */
export function DropHint() {
  return (
    <div className="appear pointer-events-none fixed inset-0 z-50 grid place-items-center bg-ground/85 p-4">
      <div className="grid size-full place-content-center justify-items-center gap-2 rounded-2xl border-2 border-dashed border-accent text-accent">
        <UploadIcon className="size-8" />
        <p className="text-lg font-semibold">Drop files to add them</p>
      </div>
    </div>
  );
}
