/**
 * The SDK. `createClient` is the way in; the OpenFeature provider is a subpath
 * of its own (`@flagstream/client/openfeature`).
 */
export { type AllFlags, type EvaluationContext, FlagstreamClient } from './client.ts';
export type {
  ChangeEvent,
  ClientEvents,
  ClientStatus,
  ClosedEvent,
  ErrorEvent,
  LiveEvent,
  QuarantinedEntity,
  ReadyEvent,
  ReconnectingEvent,
  StaleEvent,
  Staleness,
  StateSource,
  WithdrawnEvent,
} from './client-events.ts';
export type { ClientOptions } from './client-options.ts';
export { type Clock, systemClock } from './clock.ts';
export { createClient } from './create-client.ts';
export type { DetailsErrorCode, FlagDetails, Provenance } from './flag-details.ts';
export type { FlagHolder, FlagsInForce } from './flag-holder.ts';
export type { Logger } from './logger.ts';
export type { TlsOptions } from './sync/grpc-dial.ts';
export type { Dial, SyncStream, SyncStreamListener } from './sync/sync-stream.ts';
