// Two kinds of tests: `unit` files compute, `system` files wait for real processes and sockets. `make test`
// runs both at once (scripts/test.mjs says with how many workers); `interop` needs foreign toolchains.

import { defineConfig } from 'vitest/config';

// Workspace packages are read from their sources (the "source" export condition), so no build is needed.
const shared = {
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
};

const setupFiles = ['test/support/setup.ts'];

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts'],
          setupFiles,
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**'],
          setupFiles,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          setupFiles,
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
