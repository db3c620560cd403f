import type { Fault } from "../scene.ts";
import { until } from "../until.ts";

const SEEN_WITHIN_MS = 60_000;
const PICTURES = 3;

/** Uploads wait until there is room; results that cannot be kept fail their attempt, which is made again. */
const full: Fault = {
  name: "disk-full",
  about: "the disk of the file store is full for a while",
  touches: ["disk"],
  allows: { failed: true },
  async inflict({ world, load, note, devices }) {
    const { disk } = world;
    if (!disk.canFill) {
      note("not tried: only root may mount a disk that is small enough");
      return;
    }
    await disk.fill();
    const sent = load.sendPictures(PICTURES);
    try {
      const completed = () => devices().reduce((sum, { count }) => sum + count("job-completed"), 0);
      const before = completed();
      await until("what needs no disk goes on", SEEN_WITHIN_MS, () => completed() > before + 10);
      if (load.unanswered() === 0) throw new Error("A full disk took a picture");
    } finally {
      await disk.free();
    }
    await sent;
  },
};

export const DISK_FAULTS: Fault[] = [full];
