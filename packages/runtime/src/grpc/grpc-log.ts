/**
 * What grpc-js itself has to say goes through our logger, and without what
 * callers sent: it prints each header that it does not take, value and all, to
 * stderr, a misspelt key or somebody's flood of lines included.
 */
import { setLogger } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.ts';

const REFUSED_HEADER = 'Failed to add metadata entry';

/** Of the whole process: grpc-js has one logger. */
export function logGrpcItself(logger: Logger): void {
  const say = (message: string): void => {
    if (message.startsWith(REFUSED_HEADER)) logger.debug('a call carried a header that gRPC does not allow');
    else logger.warn({ detail: message }, 'gRPC');
  };
  setLogger({ error: say, info: say, debug: say });
}
