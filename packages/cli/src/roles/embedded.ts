/** The embedded mode as its command sees it; run-embedded.ts runs it. */
import type { LogLevel } from '@flagstream/runtime';
import type { FlagFiles } from '../flagd-files/flag-files.ts';

export interface EmbeddedOptions {
  /** What a new data folder is filled with. */
  readonly seed: 'none' | 'default' | 'demo';
  readonly data: string;
  /** Where all flags come from, in place of a seed. */
  readonly flagFiles?: FlagFiles;
  /** The folder goes when the process ends. */
  readonly temporary?: boolean;
  /** Undefined: ports that are free. */
  readonly portBase: number | undefined;
  readonly nats?: string;
  readonly logLevel: LogLevel;
  /** Of all ports; plaintext without. */
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  readonly tlsClientCaFile?: string;
}

/** Ports from the base on; the third is spare. */
export const EMBEDDED_PORTS = 7;
/** Of callers that name none. */
export const EMBEDDED_PROJECT = 'default';
