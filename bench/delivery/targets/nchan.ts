import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../../test/support/free-port.ts";
import { GATEWAY_CORE, hasEnded } from "../lib/processes.ts";
import type { Target } from "./target.ts";

const START_MS = 5000;

/** An nginx that keeps messages in its own memory: the cheapest there is, on one node. Nobody is asked for a token. */
export const nchan: Target = {
  name: "nchan",
  title: "Nchan (nginx), in memory",
  dialect: "nchan",
  source: "nchan",
  maxNodes: 1,
  async start({ processes, folder }) {
    const port = await freePort();
    const file = join(folder, "nginx.conf");
    await writeFile(file, toConfig(folder, port));
    const command = ["/usr/sbin/nginx", "-c", file, "-p", folder, "-e", "stderr"];
    const node = processes.spawn({ command, core: GATEWAY_CORE });
    const deadline = Date.now() + START_MS;
    while ((await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) === undefined) {
      if (hasEnded(node.child) || Date.now() > deadline)
        throw new Error(`nginx did not start:\n${node.output()}`);
      await delay(20);
    }
    return { nodes: [{ ...node, port }], helpers: [] };
  },
};

const toConfig = (folder: string, port: number): string => `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  keepalive_requests 1000000000;
  nchan_shared_memory_size 1024M;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /sub { nchan_subscriber websocket; nchan_channel_id $arg_id; }
    location = /pub {
      nchan_publisher http;
      nchan_channel_id $arg_id;
      nchan_message_buffer_length 10000;
      nchan_message_timeout 60s;
    }
  }
}
`;
