/** Flags for an application's own tests: `@flagstream/client/testing`. In memory, without a server or a transport. */
export { TestClock } from './test-clock.ts';
export { TestFlags, type TestFlagsOptions } from './test-flags.ts';
