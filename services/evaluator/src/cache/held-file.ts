/**
 * Last good versions of entities in quarantine, on disk: SHA-256 and JSON. Each
 * version of the file has a name of its own, so that one that was written half
 * leaves the one before it.
 */
import { createHash } from 'node:crypto';
import type { HeldUnits } from '../state/held-units.ts';
import { CacheFault, newerFormat } from './cache-problem.ts';

const FORMAT = 1;
const HASH_BYTES = 32;

export function encodeHeld({ logIdentity, units }: HeldUnits): Uint8Array {
  const identity = Buffer.from(logIdentity).toString('hex');
  const body = Buffer.from(JSON.stringify({ format: FORMAT, logIdentity: identity, units }));
  return Buffer.concat([createHash('sha256').update(body).digest(), body]);
}

/** @throws CacheFault when it is not what was written, or of a newer release */
export function decodeHeld(bytes: Uint8Array): HeldUnits {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = file.subarray(HASH_BYTES);
  if (!createHash('sha256').update(body).digest().equals(file.subarray(0, HASH_BYTES)))
    throw new CacheFault('corrupt', 'its checksum is wrong');
  const { format, logIdentity, units } = JSON.parse(body.toString()) as {
    format: number;
    logIdentity: string;
    units: HeldUnits['units'];
  };
  if (format !== FORMAT) throw newerFormat(format, FORMAT);
  return { logIdentity: Buffer.from(logIdentity, 'hex'), units };
}
