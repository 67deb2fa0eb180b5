/** An address that a person names, host:port of a control plane or an evaluator, and how it is spoken to. */
import { parseToken } from '@flagstream/protocol';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { bearerCalls } from '@flagstream/runtime';
import type { ChannelCredentials, ClientOptions } from '@grpc/grpc-js';
import { UsageError } from '../usage-error.ts';
import { apiKeyOf, channelCredentials, speaksTls, type Trust } from './trust.ts';

export interface Endpoint {
  readonly role: 'control plane' | 'evaluator';
  /** host:port */
  readonly address: string;
  /** Flag that names another address. */
  readonly option: '--server' | '--evaluator';
  /** Plaintext, or TLS. */
  readonly channel: ChannelCredentials;
  readonly speaksTls: boolean;
  /** Client options by which each call shows the API key, if there is one. */
  readonly calls: Pick<ClientOptions, 'interceptors'>;
  /** A server or client key is shown: it belongs to one environment, and calls need not name it. */
  readonly keyNamesScope: boolean;
}

/** "localhost:8010", ":8010" (localhost), "[::1]:8010" or a port alone. */
export function parseEndpoint(role: Endpoint['role'], text: string, trust: Trust = {}): Endpoint {
  const option = role === 'control plane' ? '--server' : '--evaluator';
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]*):)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535)
    throw new UsageError(
      `${option} ${JSON.stringify(text)} is not an address`,
      `Write HOST:PORT, for example ${option} localhost:${role === 'evaluator' ? 8013 : 8010}.`,
    );
  const host = match[1] === undefined || match[1] === '' ? 'localhost' : match[1];
  const key = apiKeyOf(trust);
  const kind = key === undefined ? undefined : parseToken(key)?.kind;
  return {
    role,
    address: `${host}:${port}`,
    option,
    channel: channelCredentials(trust),
    speaksTls: speaksTls(trust),
    calls: bearerCalls(key),
    keyNamesScope: kind === KeyKind.SERVER || kind === KeyKind.CLIENT,
  };
}
