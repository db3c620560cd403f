import type { Device } from "../devices/device.ts";
import type { Fault } from "../scene.ts";
import { until } from "../until.ts";
import { leaveInOrder } from "./processes.ts";

const SEEN_WITHIN_MS = 60_000;

const postgres: Fault = {
  name: "postgres-down",
  about: "Postgres is away for a while",
  touches: ["postgres"],
  async inflict({ world, pace }) {
    await world.postgres.halt();
    const since = Date.now();
    await until(
      "away for long enough",
      pace.downMs + 1000,
      () => Date.now() - since >= pace.downMs,
    );
    await world.postgres.resume();
  },
};

const reload: Fault = {
  name: "haproxy-reload",
  about: "the load balancer reads its configuration anew, and its old process lets go of its links",
  touches: ["balancer"],
  async inflict({ world, devices }) {
    // Polls are told where they stand by every answer, and only at first by a `ready`.
    const linked = devices().filter(({ transport }) => transport !== "long-poll");
    const before = new Map(linked.map((device) => [device, device.count("ready")]));
    const hasCome = (device: Device) => device.count("ready") > (before.get(device) ?? 0);
    world.cluster.reloadBalancer();
    await until("every device has come back", SEEN_WITHIN_MS, () => linked.every(hasCome));
  },
};

const deploy: Fault = {
  name: "rolling-deploy",
  about: "every gateway leaves in order and is started again, one after the other",
  touches: ["gateway"],
  async inflict(scene) {
    for (const gateway of scene.world.namesOf("gateway")) {
      scene.world.cluster.signal(gateway, "SIGTERM");
      await leaveInOrder(scene, gateway);
    }
  },
};

export const SERVER_FAULTS: Fault[] = [postgres, reload, deploy];
