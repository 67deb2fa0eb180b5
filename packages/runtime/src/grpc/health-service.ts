/**
 * grpc.health.v1 over HealthState. Watch ends when the host drains: the host
 * ends all streams, so a health watcher never holds a shutdown.
 */

import type {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
} from '@flagstream/protocol/gen/grpc/health/v1/health';
import {
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@flagstream/protocol/gen/grpc/health/v1/health';
import { status } from '@grpc/grpc-js';
import type { HealthState } from '../health/health-state.ts';
import { ForeignStatus } from './foreign-status.ts';
import { serverStream, unary } from './handler.ts';
import type { ServiceBinding } from './service-binding.ts';

export function healthBinding(health: HealthState): ServiceBinding {
  return {
    definition: HealthService,
    policy: { check: 'health', list: 'health', watch: 'health' },
    handlers: {
      check: unary<HealthCheckRequest, HealthCheckResponse>(({ service }) => {
        const serving = health.serving(service);
        if (serving === undefined) throw new ForeignStatus(status.NOT_FOUND, unknownPart(service));
        return healthResponse(serving);
      }),
      list: unary<HealthListRequest, HealthListResponse>(() => healthList(health)),
      watch: serverStream<HealthCheckRequest, HealthCheckResponse>(({ service }, stream, { signal }) => {
        stream.write(healthResponse(health.serving(service)));
        const stop = health.onChange(service, (serving) => stream.write(healthResponse(serving)));
        signal.addEventListener('abort', stop, { once: true });
      }),
    },
  };
}

export function healthList(health: HealthState): HealthListResponse {
  return {
    statuses: Object.fromEntries(
      health.entries().map(([service, serving]) => [service, healthResponse(serving)]),
    ),
  };
}

export function unknownPart(service: string): string {
  return `unknown service "${service}"`;
}

/** The contract's word for a part that is not there (Watch only) is SERVICE_UNKNOWN. */
export function healthResponse(serving: boolean | undefined): HealthCheckResponse {
  if (serving === undefined) return { status: ServingStatus.SERVICE_UNKNOWN };
  return { status: serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING };
}
