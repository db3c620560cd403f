import { useState } from "react";
import { FIRST_CHOICES } from "./options.ts";
import { DropHint } from "./drop-hint.tsx";
import { FilePicker } from "./file-picker.tsx";
import { useStaged } from "./staged.ts";
import { TextForm } from "./text-form.tsx";
import { Tray } from "./tray.tsx";
import { useFilesFromPage } from "./use-files-from-page.ts";

/** Where work is handed in: files, from anywhere on the page, or text. */
export function NewWork() {
  const [staged, change] = useStaged();
  const [choices, setChoices] = useState(FIRST_CHOICES);
  const [isWriting, setIsWriting] = useState(false);
  function add(files: readonly File[]): void {
    change({ what: "add", files });
    // They may be dropped far down in the list, and are shown above it.
    scrollTo({ top: 0, behavior: "smooth" });
  }
  const isOver = useFilesFromPage(add);
  return (
    <section aria-label="New work" className="space-y-3">
      <FilePicker onFiles={add} onText={() => setIsWriting(true)} isText={isWriting} />
      {isWriting && <TextForm onClose={() => setIsWriting(false)} />}
      {staged.length > 0 && (
        <Tray staged={staged} change={change} choices={choices} setChoices={setChoices} />
      )}
      {isOver && <DropHint />}
    </section>
  );
}
