/** Opens a stream that tells the newest, and keeps it known to whatever has to wake it for as long as it lasts. */
import type { Serving } from '../serve/serving.ts';
import type { ChangeFanout } from './change-fanout.ts';
import { LatestStream, type LatestStreamOptions } from './latest-stream.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { TickWheel } from './tick-wheel.ts';

/** What wakes streams. */
export interface StreamWakers {
  readonly serving: Serving;
  readonly fanout: ChangeFanout;
  readonly wheel: TickWheel;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number;
}

type OpenOptions = Pick<LatestStreamOptions, 'sink' | 'environment' | 'content' | 'keepAliveMs'> & {
  /** After it is known nowhere any more. */
  readonly onClose?: () => void;
};

/** @param registry counts it among its kind, and says goodbye to it when the process stops */
export function openLatest(
  { serving, fanout, wheel, monotonicMs }: StreamWakers,
  registry: StreamRegistry,
  { onClose, ...options }: OpenOptions,
): LatestStream {
  const { environment } = options;
  const stream = new LatestStream({
    ...options,
    serving,
    monotonicMs,
    onClose: (reason) => {
      fanout.remove(environment, stream);
      wheel.remove(stream);
      registry.remove(stream, reason);
      onClose?.();
    },
  });
  fanout.add(environment, stream);
  wheel.add(stream);
  registry.add(stream);
  return stream;
}
