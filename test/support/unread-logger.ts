// The log of a server in a test that reads none of it: all of its lines are made, as in production at its most
// talkative, and go nowhere, so that the search that ends `make test` has heard them (recorded-process.ts).

import { createLogger, type Logger } from '@flagstream/runtime';

export const unreadLogger: Logger = createLogger({
  level: 'debug',
  service: 'test',
  version: 'test',
  nodeId: 'test',
  destination: { write: () => undefined },
});
