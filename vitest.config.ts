// Two kinds of tests: `unit` files compute, `system` files wait for real processes and sockets. `make test`
// runs both at once (scripts/test.mjs says with how many workers); `interop` needs foreign toolchains.
//
// Files share one module graph per worker, which saves a quarter of the time: modules hold no state of their own,
// and nothing is mocked. The bus lies beside its module but waits for a nats-server.

import { defineConfig } from 'vitest/config';

// Workspace packages are read from their sources (the "source" export condition), so no build is needed.
const shared = {
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
};

const waitsBesideItsModule = ['packages/runtime/src/bus/**/*.test.ts'];
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
          exclude: waitsBesideItsModule,
          isolate: false,
          setupFiles,
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts', ...waitsBesideItsModule],
          exclude: ['test/interop/**'],
          isolate: false,
          setupFiles,
          // Only a test that hangs takes this long: a busy machine may be ten times slower than a quiet one.
          testTimeout: 180_000,
          hookTimeout: 180_000,
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
