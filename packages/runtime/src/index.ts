/**
 * What a process of ours needs: configuration, logs, metrics, health,
 * lifecycle, the gRPC host, the management port, and the bus (the only
 * importer of nats).
 */

export type {
  AppendOutcome,
  Bus,
  BusStatus,
  LogStreamInfo,
  Tail,
  TailListener,
  TailStatus,
} from './bus/bus.ts';
export type { Finding, Verdict } from './bus/finding.ts';
export { JetStreamSource } from './bus/jetstream-source.ts';
export { type BusOptions, connectBus } from './bus/nats-bus.ts';
export { NatsHeadAuthority } from './bus/nats-head-authority.ts';
export {
  NATS_SECURITY_SHAPE,
  type NatsSecuritySettings,
  natsCredentials,
  natsIdentity,
} from './bus/nats-security.ts';
export { NatsSnapshots } from './bus/nats-snapshots.ts';
export { type NatsProbe, type NatsProbeOptions, probeNats } from './bus/probe-nats.ts';
export { verifySnapshot } from './bus/verify-snapshot.ts';
export { CONFIG_EXIT_CODE, ConfigError, type ConfigProblem } from './config/config-error.ts';
export {
  type ConfigSources,
  describeConfig,
  type EffectiveSetting,
  effectiveSettings,
  loadConfig,
  type ResolvedConfig,
  resolveConfig,
} from './config/load-config.ts';
export { type Setting, type SettingType, secretSetting } from './config/setting.ts';
export { corsOriginsSchema, originsSchema } from './connect/cors-setting.ts';
export { CrossOrigin, LOCAL_ORIGINS } from './connect/cross-origin.ts';
export { admitCaller } from './grpc/admit-caller.ts';
export { endWithError, type OutgoingStream } from './grpc/end-stream.ts';
export { ForeignStatus } from './grpc/foreign-status.ts';
export { GatheredWrites } from './grpc/gathered-writes.ts';
export { GrpcHost, type GrpcHostOptions } from './grpc/grpc-host.ts';
export {
  type BidiHandler,
  bidi,
  type CallContext,
  type Handler,
  type ServerStreamHandler,
  serverStream,
  type UnaryHandler,
  unary,
} from './grpc/handler.ts';
export type { KeyQuota, QuotaLimits } from './grpc/key-quota.ts';
export {
  type Authenticate,
  ENVIRONMENT_METADATA,
  EVERYWHERE,
  type Grant,
  keylessPrincipal,
  loopbackPrincipal,
  mayPassOn,
  notPermitted,
  type Place,
  PROJECT_METADATA,
  type Principal,
  permits,
  permitsWithin,
  placeWords,
  requirePermission,
  VERBS,
  type Verb,
} from './grpc/principal.ts';
export { ReturnLine } from './grpc/return-line.ts';
export { forkedRevision, RevisionWait, type WaitOutcome } from './grpc/revision-wait.ts';
export { passThrough, type ServiceBinding } from './grpc/service-binding.ts';
export { type Standing, watchStanding } from './grpc/standing.ts';
export { HealthState, LIVENESS, READINESS, WHOLE_PROCESS } from './health/health-state.ts';
export { HttpHost } from './http/http-host.ts';
export { answerJson, answerText } from './http/json-answer.ts';
export {
  type ManagementOptions,
  type ManagementServer,
  type Readiness,
  startManagement,
} from './http/management-server.ts';
export { bearerCalls } from './keys/bearer-calls.ts';
export { KeyDoor, type KeyDoorOptions } from './keys/key-door.ts';
export { grantedVerbs, grantsOf } from './keys/key-grants.ts';
export { KeyRing } from './keys/key-ring.ts';
export { KeyUse, type KeyUseEntry } from './keys/key-use.ts';
export { CRASH_POINTS, type CrashPoint, crashesNext, crashPoint } from './lifecycle/crash-point.ts';
export { keepPausesShort } from './lifecycle/garbage.ts';
export { Lifecycle, type LifecycleOptions } from './lifecycle/lifecycle.ts';
export { type SignalTarget, type StopOnSignalsOptions, stopOnSignals } from './lifecycle/stop-on-signals.ts';
export { claimPort, type ListenAddress } from './listen/claim-port.ts';
export {
  callsNeedKeys,
  checkExposure,
  type ExposureSettings,
  exposureOf,
  exposureWarnings,
  isLoopback,
} from './listen/exposure.ts';
export {
  createLogger,
  effectiveFormat,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  standardOutput,
} from './log/logger.ts';
export { Metrics, type Sample, type ScrapedMetric } from './metrics/metrics.ts';
export { channelCredentials } from './tls/channel-identity.ts';
export { ConnectionIdentities, type IdentityFiles } from './tls/connection-identities.ts';
export type { ConnectionIdentity } from './tls/connection-identity.ts';
export { openTls } from './tls/open-tls.ts';
export { readConnectionTls } from './tls/tls-files.ts';
export {
  type ConnectionTlsSettings,
  connectionTlsSchema,
  insecureSchema,
  type TlsSettings,
  tlsSchema,
} from './tls/tls-settings.ts';
