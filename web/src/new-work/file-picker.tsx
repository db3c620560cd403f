import { useRef } from "react";
import { Button } from "../ui/button.tsx";
import { TextIcon, UploadIcon } from "../ui/icons.tsx";

export interface FilePickerProps {
  onFiles(files: File[]): void;
  onText(): void;
  isText: boolean;
}

export function FilePicker({ onFiles, onText, isText }: FilePickerProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-3 rounded-xl border border-dashed border-edge px-4 py-3.5">
      <UploadIcon className="size-5 text-quiet max-sm:hidden" />
      <div className="min-w-0 flex-1 basis-56">
        <p className="font-medium">Drop files anywhere, or paste them</p>
        <p className="text-quiet">Images, PDFs, sound and film, text</p>
      </div>
      <div className="flex gap-2">
        {!isText && (
          <Button onClick={onText}>
            <TextIcon /> Analyse text
          </Button>
        )}
        <Button look="main" onClick={() => input.current?.click()}>
          Choose files
        </Button>
      </div>
      <input
        ref={input}
        type="file"
        multiple
        aria-label="Files"
        tabIndex={-1}
        className="sr-only"
        onChange={({ target }) => {
          onFiles([...(target.files ?? [])]);
          // The same file may be chosen once more.
          target.value = "";
        }}
      />
    </div>
  );
}
