/**
 * grpc.health.v1 beside /healthz and /readyz, as flagd has it: for probes that
 * speak gRPC and know the management port alone. They say the same, and are
 * counted as little as those.
 */
import type { Socket } from 'node:net';
import { LIMITS } from '@flagstream/protocol';
import type {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
} from '@flagstream/protocol/gen/grpc/health/v1/health';
import { HealthService } from '@flagstream/protocol/gen/grpc/health/v1/health';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js';
import { healthList, healthResponse, unknownPart } from '../grpc/health-service.ts';
import type { HealthState } from '../health/health-state.ts';

export interface HealthProbes {
  /** A connection whose first bytes are HTTP/2's preface, still unread. */
  readonly take: (socket: Socket) => void;
  /** Cuts all of them. */
  close(): void;
}

/** A name is all that a probe says. */
const REQUEST_BYTES_MAX = 4_096;
/** Of a connection: one process asks for its parts, and waits for changes of some. */
const STREAMS_MAX = 20;

export function healthProbes(health: HealthState): HealthProbes {
  const server = new Server({
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
    'grpc.max_concurrent_streams': STREAMS_MAX,
    'grpc.keepalive_time_ms': LIMITS.tcpKeepAliveMs,
  });
  const check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse> = (
    { request: { service } },
    callback,
  ) => {
    const serving = health.serving(service);
    if (serving === undefined) callback({ code: status.NOT_FOUND, details: unknownPart(service) });
    else callback(null, healthResponse(serving));
  };
  const list: handleUnaryCall<HealthListRequest, HealthListResponse> = (_, callback) =>
    callback(null, healthList(health));
  const watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse> = (call) => {
    const { service } = call.request;
    call.write(healthResponse(health.serving(service)));
    const stop = health.onChange(service, (serving) => call.write(healthResponse(serving)));
    call.once('cancelled', () => {
      stop();
      call.end();
    });
  };
  server.addService(HealthService, { check, list, watch });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    take: (socket) => injector.injectConnection(socket),
    close: () => {
      injector.destroy();
      server.forceShutdown();
    },
  };
}
