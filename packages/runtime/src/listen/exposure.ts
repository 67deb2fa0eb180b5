/**
 * Who can reach a listener, and whether that is meant: plaintext, or calls
 * without a key, on loopback alone. Beyond it only where somebody said so.
 * Pure.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { fail } from '@flagstream/protocol';
import type { TlsSettings } from '../tls/tls-settings.ts';

export interface Exposure {
  /** Address that is listened on. */
  readonly host: string;
  /** Whether it speaks TLS alone. */
  readonly tls: boolean;
  /** Whether calls need a key. */
  readonly keys: boolean;
  /** Whether somebody said that it shall start all the same. */
  readonly insecure: boolean;
}

/** The settings of a process whose listeners have one address. */
export interface ExposureSettings {
  readonly host: string;
  readonly tls: TlsSettings;
  readonly insecure: boolean;
  readonly requireKeys?: boolean | undefined;
}

export function exposureOf(settings: ExposureSettings): Exposure {
  const { host, tls, insecure } = settings;
  return { host, tls: tls.certFile !== undefined, keys: callsNeedKeys(settings), insecure };
}

/** As it is set; else beyond loopback, unless somebody said that everybody is trusted. */
export function callsNeedKeys({ host, insecure, requireKeys }: Omit<ExposureSettings, 'tls'>): boolean {
  return requireKeys ?? (!isLoopback(host) && !insecure);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine reaches it. Other names than "localhost" are not looked up: they count as beyond. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
}

/** What is open to other machines; empty when nothing is. */
export function exposureWarnings({ host, tls, keys }: Exposure): readonly string[] {
  if (isLoopback(host)) return [];
  const warnings: string[] = [];
  if (!tls) warnings.push(`plaintext on ${host}: whoever is on the way reads and changes what is sent`);
  if (!keys) warnings.push(`no key is asked for on ${host}: whoever reaches the port may do everything`);
  return warnings;
}

/**
 * Answers the warnings that a start with `insecure` goes on with.
 * @throws FlagstreamError CONFIG_INVALID when there are any without it, saying what to set
 */
export function checkExposure(exposure: Exposure): readonly string[] {
  const warnings = exposureWarnings(exposure);
  if (warnings.length === 0 || exposure.insecure) return warnings;
  const missing = [
    ...(exposure.tls ? [] : ['tls.certFile and tls.keyFile (--tls-cert-file, --tls-key-file)']),
    ...(exposure.keys ? [] : ['requireKeys: true (--require-keys)']),
  ];
  throw fail(
    'CONFIG_INVALID',
    `this would be open to other machines: ${warnings.join('; ')}. Set host: 127.0.0.1 (--host, FLAGSTREAM_HOST), or ${missing.join(' and ')}; or, where everybody on the network is trusted, insecure: true (--insecure, FLAGSTREAM_INSECURE=true)`,
    { metadata: { host: exposure.host } },
  );
}
