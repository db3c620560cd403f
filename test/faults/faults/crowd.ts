import { openSocketIo } from "../devices/socket-io.ts";
import { toAddress } from "../load/users.ts";
import type { Fault } from "../scene.ts";
import { until } from "../until.ts";

const SEEN_WITHIN_MS = 60_000;
/** Beyond those of the users' own devices. */
const FIRST_ADDRESS = 50;

/** How likely it is that one hangs up, at each look at it. */
const RESTLESSNESS = 0.03;

/** All come back in the same moment, to whichever gateway takes them, and want to know what they missed. */
const crowd: Fault = {
  name: "crowd-returns",
  about: "a thousand clients come back at once",
  touches: ["crowd"],
  async inflict(scene) {
    const { world, users, load, pace } = scene;
    const missing = Math.max(0, pace.crowd - scene.devices().length);
    const guests = Array.from({ length: missing }, (_, i) => {
      const at = i % users.length;
      const { userId = "", token } = users[at] ?? {};
      if (token === undefined) throw new Error("There are no users");
      const number = FIRST_ADDRESS + Math.floor(i / users.length);
      const name = `${userId}-guest-${number}`;
      return openSocketIo({ url: world.url, userId, name, address: toAddress(at, number), token });
    });
    scene.join(guests);
    const all = scene.devices();
    const everyone = () => all.every((device) => device.isWelcome());
    await until("the guests are welcome", SEEN_WITHIN_MS, everyone);

    for (const device of all) device.stayAway();
    await load.sendLong(users.length / 10);
    const since = Date.now();
    for (const device of all) device.comeBack();
    await until("everyone is back", SEEN_WITHIN_MS, everyone);
    scene.note(`${all.length} clients back in ${Date.now() - since} ms`);
  },
};

/** They are often gone just when a fact is made. */
const restless: Fault = {
  name: "devices-restless",
  about: "a third of the devices hangs up and comes back all the time",
  touches: ["devices"],
  async inflict({ devices, dice, pace }) {
    const some = dice.shuffle(devices()).slice(0, Math.ceil(devices().length / 3));
    const endsAt = Date.now() + pace.frozenMs;
    await until("restless for long enough", pace.frozenMs + SEEN_WITHIN_MS, () => {
      for (const device of some) if (device.isWelcome() && dice.next() < RESTLESSNESS) device.cut();
      return Date.now() > endsAt;
    });
  },
};

export const CROWD_FAULTS: Fault[] = [crowd, restless];
