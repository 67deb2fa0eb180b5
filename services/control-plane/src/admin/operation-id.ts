/**
 * Operation ids: those that the server makes, UUID version 7 and so ordered by
 * time, and those that callers give, which are each key's own. Were they not,
 * one tenant could learn which ids another one uses, and take them first.
 */
import type { Actor } from '@flagstream/replica';

/** The kind of an actor who showed an API key. */
export const KEY_ACTOR = 'key';
/** In no caller's id, nor in a key's. */
const OWNER_END = '@';

/** As the log has the id that a caller gives. Without a key there is one room for all, who trust each other. */
export function storedOperationId(principal: Actor | undefined, opId: string): string {
  return principal?.kind === KEY_ACTOR ? `${principal.id}${OWNER_END}${opId}` : opId;
}

/** As its caller gave it. */
export function shownOperationId(stored: string): string {
  return stored.slice(stored.indexOf(OWNER_END) + 1);
}

/**
 * @param unixMs goes into the first 48 bits
 * @param random 10 random bytes
 */
export function operationId(unixMs: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  let time = unixMs;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
