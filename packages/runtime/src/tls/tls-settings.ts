/**
 * Settings of TLS, alike in every role: what a listener shows, and what a
 * connection of ours trusts and shows. They name files alone; tls-files.ts
 * reads and checks them.
 */
import * as z from 'zod';

/** Of all listeners of a process. Without certFile and keyFile they speak plaintext. */
export interface TlsSettings {
  /** PEM: the certificate, and those between it and the authority. */
  readonly certFile?: string | undefined;
  /** PEM: its private key, without a passphrase. */
  readonly keyFile?: string | undefined;
  /** PEM: who connects must show a certificate of one of these authorities. */
  readonly clientCaFile?: string | undefined;
}

/** Of one connection that a process makes. */
export interface ConnectionTlsSettings {
  /** Absent: TLS when one of the files is given. */
  readonly enabled?: boolean | undefined;
  /** PEM: authorities to trust, in place of the system's. */
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

const file = (description: string) => z.string().min(1).optional().describe(description);

export const tlsSchema: z.ZodPrefault<z.ZodType<TlsSettings, TlsSettings>> = z
  .strictObject({
    certFile: file('PEM file of the certificate that listeners show; with it they speak TLS alone.'),
    keyFile: file('PEM file of its private key. Both are read again when they change, and on SIGHUP.'),
    clientCaFile: file('PEM file of authorities: whoever connects must show a certificate of one of them.'),
  })
  .prefault({});

/** @param peer who is connected to: "the control plane" */
export function connectionTlsSchema(
  peer: string,
): z.ZodPrefault<z.ZodType<ConnectionTlsSettings, ConnectionTlsSettings>> {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .optional()
        .describe(`Speak TLS with ${peer}; true by itself once one of the files beside it is given.`),
      caFile: file(`PEM file of the authorities that ${peer} is trusted by, in place of the system's.`),
      certFile: file(`PEM file of the certificate that ${peer} is shown.`),
      keyFile: file('PEM file of its private key. Each new connection uses what the files hold then.'),
    })
    .prefault({});
}

/** Plaintext beyond loopback, or without keys, is started with this alone. */
export const insecureSchema: z.ZodType<boolean> = z
  .boolean()
  .default(false)
  .describe('Start although plaintext, or calls without a key, can be reached from other machines.');
