/**
 * OpenFeature's server provider over the client: same answers, OpenFeature's
 * words. The OpenFeature SDK is needed only by this subpath.
 *
 * Events: the SDK itself tells READY or ERROR around `initialize`; everything
 * later comes from here (specification v0.9).
 */

import type { JsonValue } from '@flagstream/engine';
import type { ErrorReason, FlagstreamError } from '@flagstream/protocol';
import { messageOf } from '@flagstream/protocol';
import {
  type EvaluationContext,
  OpenFeatureEventEmitter,
  type JsonValue as OpenFeatureJsonValue,
  type Provider,
  ProviderEvents,
  ProviderFatalError,
  ProviderNotReadyError,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import type { FlagstreamClient } from '../client.ts';
import type { ClientOptions } from '../client-options.ts';
import { createClient } from '../create-client.ts';
import type { FlagDetails } from '../flag-details.ts';
import { contextOf } from './evaluation-context.ts';
import { resolutionOf } from './resolution.ts';

/** Errors that no waiting cures. */
const FATAL: ReadonlySet<ErrorReason> = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED']);

export class FlagstreamProvider implements Provider {
  readonly metadata = { name: 'flagstream' } as const;
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  readonly #options: ClientOptions;
  /** A client of the application's own is not closed here. */
  readonly #borrowed: FlagstreamClient | undefined;
  #client: FlagstreamClient | undefined;
  #unsubscribe: readonly (() => void)[] = [];

  /** @param source options of a client that this provider makes and closes, or a client that stays the caller's */
  constructor(source: ClientOptions | FlagstreamClient = {}) {
    // By what it can do, not by its class: `import` and `require` each load a class of their own.
    const borrowed = 'booleanDetails' in source;
    this.#options = borrowed ? {} : source;
    this.#borrowed = borrowed ? source : undefined;
  }

  /** The client behind it, once initialized: status, waiting, events of its own. */
  get client(): FlagstreamClient | undefined {
    return this.#client;
  }

  /**
   * Resolves once flags are in force, from a server, the disk copy or the
   * bootstrap file. When it rejects, the client goes on trying and READY follows.
   */
  async initialize(): Promise<void> {
    const client = this.#borrowed ?? this.#client ?? createClient(this.#options);
    this.#client = client;
    try {
      await client.waitForReady();
    } catch (thrown) {
      this.#follow(client);
      const reason = client.status().lastError?.reason;
      const message = messageOf(thrown);
      const fatal = reason !== undefined && FATAL.has(reason);
      throw fatal ? new ProviderFatalError(message) : new ProviderNotReadyError(message);
    }
    this.#follow(client);
    // The SDK says READY once this has resolved, and would overwrite a STALE told before.
    setImmediate(() => {
      const { state, node } = client.status();
      if (this.#client === client && state === 'stale')
        this.#tellStale(node === undefined ? 'no server has answered yet' : 'answers may be too old');
    });
  }

  async onClose(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
    const client = this.#client;
    this.#client = undefined;
    if (client !== this.#borrowed) await client?.close();
  }

  resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(defaultValue, (client) =>
      client.booleanDetails(flagKey, defaultValue, contextOf(context)),
    );
  }

  resolveStringEvaluation(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return this.#resolve(defaultValue, (client) =>
      client.stringDetails(flagKey, defaultValue, contextOf(context)),
    );
  }

  resolveNumberEvaluation(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return this.#resolve(defaultValue, (client) =>
      client.numberDetails(flagKey, defaultValue, contextOf(context)),
    );
  }

  resolveObjectEvaluation<T extends OpenFeatureJsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    // OpenFeature's JSON and ours are the same values; ours are read-only.
    const ours = defaultValue as JsonValue;
    return this.#resolve(
      defaultValue,
      (client) => client.objectDetails(flagKey, ours, contextOf(context)) as FlagDetails<T>,
    );
  }

  #resolve<T>(
    defaultValue: T,
    ask: (client: FlagstreamClient) => FlagDetails<T>,
  ): Promise<ResolutionDetails<T>> {
    const client = this.#client;
    if (client === undefined) {
      const error = new ProviderNotReadyError('the provider is not initialized');
      return Promise.resolve({
        value: defaultValue,
        reason: 'ERROR',
        errorCode: error.code,
        errorMessage: error.message,
      });
    }
    return Promise.resolve(resolutionOf(ask(client), client.status()));
  }

  #follow(client: FlagstreamClient): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [
      client.on('ready', () => {
        // A server's first state is told as live.
        if (client.status().state !== 'live') this.events.emit(ProviderEvents.Ready);
      }),
      client.on('live', () => this.events.emit(ProviderEvents.Ready)),
      client.on('stale', ({ reason }) => this.#tellStale(reason)),
      client.on('change', ({ flagKeys }) =>
        this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...flagKeys] }),
      ),
      client.on('error', ({ error }) => this.#tellError(client, error)),
    ];
  }

  #tellStale(message: string): void {
    this.events.emit(ProviderEvents.Stale, { message });
  }

  /** With flags in force, a failure is staleness, not an error: answers stay good. */
  #tellError(client: FlagstreamClient, error: FlagstreamError): void {
    if (client.status().source !== 'none') return;
    this.events.emit(ProviderEvents.Error, { message: error.message });
  }
}
