import react from '@vitejs/plugin-react';
import { defineConfig, type ProxyOptions } from 'vite';

/** What the server sends with the page. `npm run preview` sends the same, so that a breach shows before a release. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const server = process.env.ASSAY_SERVER ?? 'http://127.0.0.1:4180';

/** The server looks at Host and Origin: the proxy says what a page of its own would say. */
const toServer: ProxyOptions = {
  target: server,
  changeOrigin: true,
  configure: proxy =>
    proxy.on('proxyReq', request => {
      if (request.getHeader('origin')) request.setHeader('origin', server);
    }),
};
const proxy = { '/api': toServer, '/metrics': toServer, '/healthz': toServer };

export default defineConfig({
  plugins: [react()],
  server: { host: '127.0.0.1', proxy },
  preview: { host: '127.0.0.1', proxy, headers: { 'Content-Security-Policy': POLICY } },
  build: {
    target: 'es2023',
    // No data: fonts and no inline polyfill: the policy of the page forbids them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
