import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";

const server = process.env.UNISSON_SERVER ?? "http://127.0.0.1:8080";
const behind = { target: server, ws: true };

export default defineConfig({
  plugins: [
    react(),
    VitePWA({
      registerType: "prompt",
      injectRegister: false,
      manifest: {
        name: "Unisson",
        short_name: "Unisson",
        start_url: "/",
        display: "standalone",
        background_color: "#fffefd",
        theme_color: "#045f68",
        icons: [{ src: "/icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" }],
      },
      workbox: {
        globPatterns: ["**/*.{html,js,css,svg,woff2}"],
        globIgnores: ["**/*latin-ext*"],
        navigateFallback: "/index.html",
        navigateFallbackDenylist: [/^\/(api|auth|collab|yjs|live|embed|healthz|readyz)(\/|$)/],
        // The first visit is served from the cache as well: whoever loses the network then finds the page again.
        clientsClaim: true,
      },
    }),
  ],
  // Two copies of Yjs or of ProseMirror fail silently.
  resolve: { dedupe: ["yjs", "lib0", "y-protocols", "@tiptap/core", "@tiptap/pm"] },
  build: {
    target: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    // light-dark() is understood by every browser aimed at; compiled away, it would leave a copy of each colour.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": behind, "/auth": behind, "/collab": behind, "/yjs": behind, "/live": behind } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
