import { useEffect, useEffectEvent, useState } from "react";

/** Files that are dropped anywhere on the page, or pasted into it. Says whether some are held over it. */
export function useFilesFromPage(onFiles: (files: File[]) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  const take = useEffectEvent(onFiles);
  useEffect(() => {
    // Each element on the way is entered and left.
    let depth = 0;
    const within = new AbortController();
    const on = <Name extends keyof WindowEventMap>(
      name: Name,
      listener: (event: WindowEventMap[Name]) => void,
    ): void => addEventListener(name, listener, { signal: within.signal });

    function count(by: number, event: DragEvent): void {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth = Math.max(0, depth + by);
      setIsOver(depth > 0);
    }
    on("dragenter", (event) => count(1, event));
    on("dragleave", (event) => count(-1, event));
    on("dragover", (event) => holdsFiles(event) && event.preventDefault());
    on("drop", (event) => {
      count(-depth, event);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) take(files);
    });
    on("paste", ({ clipboardData }) => {
      const files = [...(clipboardData?.files ?? [])];
      if (files.length > 0) take(files);
    });
    return () => within.abort();
  }, []);
  return isOver;
}

const holdsFiles = ({ dataTransfer }: DragEvent): boolean =>
  dataTransfer?.types.includes("Files") ?? false;
