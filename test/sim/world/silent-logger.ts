/** A logger for production code under simulation: the trace is the log there. */
import { createLogger, type Logger } from '@flagstream/runtime';

export const silentLogger: Logger = createLogger({
  level: 'silent',
  service: 'simulation',
  version: '0',
  nodeId: 'simulation',
});
