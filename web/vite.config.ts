import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig, loadEnv, type Plugin } from "vite";

const root = import.meta.dirname;

/** Sonner puts a style element without a nonce into the page, which the page's policy refuses. Its styles are imported as a file instead. */
const withoutStyleElement: Plugin = {
  name: "jobcast:without-style-element",
  enforce: "pre",
  transform(code, id) {
    if (!/\/sonner\/dist\/index\.m?js/.test(id)) return undefined;
    const cut = code.replace(/^__insertCSS\(.*\);?$/m, "");
    if (cut === code) this.error("sonner's style element is not where it was");
    return { code: cut, map: null };
  },
};

/** In production the gateway fills these in, for each request. */
const asTheGatewayServesIt: Plugin = {
  name: "jobcast:as-the-gateway-serves-it",
  apply: "serve",
  transformIndexHtml: (html) =>
    html.replace("%JOBCAST_DEV%", "yes").replace(/<meta property="csp-nonce".*>/, ""),
};

export default defineConfig(({ mode }) => {
  const { GATEWAY_URL = "http://127.0.0.1:3000" } = loadEnv(mode, root, "GATEWAY_");
  const gateway = { target: GATEWAY_URL, ws: true, changeOrigin: true };
  return {
    root,
    // The kit as it is here, and not as it was built last.
    resolve: { conditions: ["jobcast-source", ...defaultClientConditions] },
    plugins: [react(), tailwindcss(), withoutStyleElement, asTheGatewayServesIt],
    // Prepared dependencies would pass by the plugin above.
    optimizeDeps: { exclude: ["sonner"] },
    server: { proxy: { "/api": gateway, "/socket.io": gateway } },
    build: {
      target: ["chrome123", "edge123", "firefox128", "safari17.5"],
      sourcemap: false,
      // What is small enough to stand in the script would be `data:`, and be loaded with it.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  };
});
