import Fastify, { type FastifyInstance } from "fastify";

const PREFIX = "/docs";

/** What the page may load: its own script and the document, nothing of any other host. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A page to read `/openapi.json`. It is 4 MB of script, so that it is loaded by its first reader. */
export function addDocs(app: FastifyInstance): void {
  let page: Promise<FastifyInstance> | undefined;
  const load = () => (page ??= createPage());
  for (const url of [PREFIX, `${PREFIX}/*`]) {
    app.get(url, {
      schema: { hide: true },
      config: { access: "open" },
      handler: async (request, reply) => {
        const { statusCode, headers, rawPayload } = await (
          await load()
        ).inject({ url: request.url });
        reply.header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
        for (const name of ["content-type", "location"] as const) {
          if (headers[name] !== undefined) reply.header(name, headers[name]);
        }
        return reply.code(statusCode).send(rawPayload);
      },
    });
  }
  app.addHook("onClose", async () => (await page)?.close());
}

/** An app of its own: nothing can be registered with one that runs. */
async function createPage(): Promise<FastifyInstance> {
  const { default: reference } = await import("@scalar/fastify-api-reference");
  const page = Fastify();
  await page.register(reference, {
    routePrefix: PREFIX,
    configuration: {
      url: "/openapi.json",
      pageTitle: "Jobcast API",
      withDefaultFonts: false,
      telemetry: false,
      // All of these lead to services of the page's maker.
      hideClientButton: true,
      showDeveloperTools: "never",
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  });
  return page;
}
