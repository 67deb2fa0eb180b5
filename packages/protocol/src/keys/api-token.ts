/**
 * The text of an API key, as people paste it:
 *
 *   fss_<environment>_<key id>_<secret>_<checksum>   server
 *   fsc_<environment>_<key id>_<secret>_<checksum>   client
 *   fsa_<key id>_<secret>_<checksum>                 admin
 *
 * The prefix lets scanners find a leaked one; the checksum tells a token that
 * was cut or mistyped before anything is looked up. The secret has 256 random
 * bits, so its plain SHA-256 may be stored: there is nothing to guess.
 */
import { crc32 } from 'node:zlib';
import { KeyKind } from '../gen/flagstream/v1/model.ts';

/** A token without its text: what it claims to be. */
export interface ParsedToken {
  readonly kind: KeyKind;
  /** Of server and client keys, "" of admin keys: for the reader's eyes, no server relies on it. */
  readonly environment: string;
  readonly keyId: string;
  readonly secret: string;
}

const PREFIXES: ReadonlyMap<KeyKind, string> = new Map([
  [KeyKind.SERVER, 'fss'],
  [KeyKind.CLIENT, 'fsc'],
  [KeyKind.ADMIN, 'fsa'],
]);
const KINDS: ReadonlyMap<string, KeyKind> = new Map([...PREFIXES].map(([kind, prefix]) => [prefix, kind]));

const LOWERCASE = '0123456789abcdefghijklmnopqrstuvwxyz';
const ALPHABET: string = `${LOWERCASE}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
const SECRET_BYTES = 32;
/** 62^43 is the first power beyond 2^256. */
const SECRET_LENGTH = 43;
/** 62^6 is the first power beyond 2^32. */
const CHECKSUM_LENGTH = 6;
const KEY_ID_LENGTH = 16;
/** Longest token: an environment's key has at most 128 characters. */
export const TOKEN_LENGTH_MAX = 256;

const KEY_ID = /^[0-9a-z]{16}$/;
const SECRET = /^[0-9A-Za-z]{43}$/;

/** @param random bytes from a cryptographic source; at least 12 */
export function newKeyId(random: Uint8Array): string {
  return digits(random, KEY_ID_LENGTH, LOWERCASE);
}

/** @param random 32 bytes from a cryptographic source */
export function newSecret(random: Uint8Array): string {
  if (random.length < SECRET_BYTES) throw new RangeError(`a secret needs ${SECRET_BYTES} random bytes`);
  return digits(random.subarray(0, SECRET_BYTES), SECRET_LENGTH, ALPHABET);
}

export function formatToken({ kind, environment, keyId, secret }: ParsedToken): string {
  const prefix = PREFIXES.get(kind);
  if (prefix === undefined) throw new RangeError(`there are no tokens of kind ${kind}`);
  const words = environment === '' ? [prefix, keyId, secret] : [prefix, environment, keyId, secret];
  const text = words.join('_');
  return `${text}_${checksum(text)}`;
}

/** What a text claims to be, or undefined when it is no whole token. */
export function parseToken(text: string): ParsedToken | undefined {
  if (text.length > TOKEN_LENGTH_MAX) return undefined;
  const end = text.lastIndexOf('_');
  if (end < 0 || checksum(text.slice(0, end)) !== text.slice(end + 1)) return undefined;
  const words = text.slice(0, end).split('_');
  const [secret, keyId] = [words.pop(), words.pop()];
  const kind = KINDS.get(words[0] ?? '');
  if (kind === undefined || keyId === undefined || secret === undefined) return undefined;
  if (!KEY_ID.test(keyId) || !SECRET.test(secret)) return undefined;
  return { kind, environment: words.slice(1).join('_'), keyId, secret };
}

/**
 * The text of a key as a header can carry it, without the white space that files and shells put around it;
 * undefined when no header can. Transports name a value that they refuse: ask here first, or the key is printed.
 */
export function headerToken(text: string): string | undefined {
  const token = text.trim();
  return /^[!-~]+$/.test(token) ? token : undefined;
}

function checksum(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return digits(bytes, CHECKSUM_LENGTH, ALPHABET);
}

/** The bytes as one number, in digits of an alphabet, filled or cut to a length. */
function digits(bytes: Uint8Array, length: number, alphabet: string): string {
  const base = BigInt(alphabet.length);
  let number = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (; text.length < length; number /= base) text = alphabet[Number(number % base)]! + text;
  return text;
}
