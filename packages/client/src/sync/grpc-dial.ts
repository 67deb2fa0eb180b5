/**
 * Sync streams over gRPC. Each stream has a channel of its own, so that this
 * SDK's backoff is the only one, and closing leaves nothing open.
 */
import { fail } from '@flagstream/protocol';
import { StreamServiceService } from '@flagstream/protocol/gen/flagstream/v1/stream';
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Scope } from '../state/scope.ts';
import { dialError } from './dial-error.ts';
import type { Dial } from './sync-stream.ts';

/** Certificates as PEM. Absent certificates: the system's roots, no client certificate. */
export interface TlsOptions {
  readonly rootCertificates?: Uint8Array;
  readonly clientCertificate?: Uint8Array;
  readonly clientKey?: Uint8Array;
}

export interface GrpcDialOptions {
  /** Where the flags are looked for; undefined: where the server says, by the key. */
  readonly named: { readonly [part in keyof Scope]?: Scope[part] | undefined };
  readonly apiKey: string | undefined;
  /** false: plaintext. */
  readonly tls: TlsOptions | false;
}

const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  // Only a backstop: the protocol's pings notice a dead peer.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 0,
  // Sixteen frames: a single entity may exceed a frame, never a message.
  'grpc.max_receive_message_length': 4_194_304,
};

const { path } = StreamServiceService.sync;

/** Frames stay bytes here: the session decodes them, and says what is wrong with them. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asBytes = (bytes: Buffer): Uint8Array => bytes;

export function grpcDial(options: GrpcDialOptions): Dial {
  const channelCredentials = credentialsOf(options.tls);
  return (endpoint, listener) => {
    const client = new Client(endpoint, channelCredentials, CHANNEL_OPTIONS);
    const call = client.makeBidiStreamRequest(path, asBuffer, asBytes, metadataOf(options));
    let open = true;
    /** A frame written after our own end would end the call with an error that hides how it really ended. */
    let sending = true;
    const ended = (error: Parameters<typeof listener.ended>[0]): void => {
      if (!open) return;
      open = false;
      client.close();
      listener.ended(error);
    };
    call.on('data', (bytes: Uint8Array) => {
      if (open) listener.message(bytes);
    });
    call.on('error', (error: ServiceError) => ended(dialError(error, endpoint, options.tls !== false)));
    call.on('status', () => ended(undefined));
    return {
      send: (bytes) => {
        if (open && sending) call.write(bytes);
      },
      end: () => {
        if (open && sending) call.end();
        sending = false;
      },
      cancel: () => {
        call.cancel();
        // The cancellation's own status may come after the channel is gone.
        queueMicrotask(() => ended(fail('CANCELLED', 'the client ended the stream')));
      },
    };
  };
}

function metadataOf({ named, apiKey }: GrpcDialOptions): Metadata {
  const metadata = new Metadata();
  if (named.project !== undefined) metadata.set('flagstream-project', named.project);
  if (named.environment !== undefined) metadata.set('flagstream-environment', named.environment);
  if (apiKey !== undefined) metadata.set('authorization', `Bearer ${apiKey}`);
  return metadata;
}

function credentialsOf(tls: TlsOptions | false): ChannelCredentials {
  if (tls === false) return credentials.createInsecure();
  const { rootCertificates, clientKey, clientCertificate } = tls;
  return credentials.createSsl(
    rootCertificates === undefined ? null : asBuffer(rootCertificates),
    clientKey === undefined ? null : asBuffer(clientKey),
    clientCertificate === undefined ? null : asBuffer(clientCertificate),
  );
}
