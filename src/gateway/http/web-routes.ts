import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { JobcastError } from "../../errors.ts";
import type { HttpConfig } from "./deps.ts";
import { hasDevRoutes } from "./dev-routes.ts";
import { createPageHeaders, createReadPage } from "./web-page.ts";

export interface WebOptions {
  /** Where the built page is; it may come, and be replaced as a whole, while the gateway runs. */
  webFolder: string;
  config: HttpConfig;
}

/** The addresses that the page knows by itself: each gives the same document. */
const PAGES = ["/", "/jobs/:jobId"];
/** Names of these files change with what is in them. */
const FOR_GOOD = { maxAge: "365d", immutable: true };
/** Of flat names alone, so that no address leads out of the folder. */
const FILE_NAME = /^[\w-][\w.-]*$/;

/** The page that people see. Everyone may load it: what it shows needs a token. */
export async function addWeb(
  app: FastifyInstance,
  { webFolder, config }: WebOptions,
): Promise<void> {
  const readPage = createReadPage(webFolder, { hasDevRoutes: hasDevRoutes(config) });
  const headersOf = createPageHeaders(config.PUBLIC_URL);
  // By hand below: registered as a whole it would ask for the folder to be there when the gateway starts.
  await app.register(fastifyStatic, { serve: false, preCompressed: true, index: false });
  const open = { schema: { hide: true }, config: { access: "open" } } as const;

  for (const url of PAGES) {
    app.get(url, {
      ...open,
      handler: async (_request, reply) => {
        const page = await readPage();
        if (page === undefined) throw notBuilt();
        return reply
          .headers(headersOf(page.nonce))
          .type("text/html; charset=utf-8")
          .send(page.html);
      },
    });
  }
  app.get<{ Params: { name: string } }>("/assets/:name", {
    ...open,
    handler: ({ params: { name } }, reply) => {
      if (!FILE_NAME.test(name)) return reply.callNotFound();
      return reply.sendFile(`assets/${name}`, webFolder, FOR_GOOD);
    },
  });
}

const notBuilt = () =>
  new JobcastError(
    "not_found",
    'The page is not built: "npm start" builds it where development dependencies are installed, "npm run build -w web" at any time',
  );
