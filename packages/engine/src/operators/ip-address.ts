/**
 * IP addresses and CIDR blocks. An IPv4 address mapped into IPv6
 * (::ffff:192.0.2.1) is the IPv4 address.
 *
 * What holds: parsing is strict (no leading zeros in IPv4, no zones), since two
 * readers that differ in what they accept disagree about who is inside.
 */

/** 16-bit groups: two for IPv4, eight for IPv6. */
export type Address = readonly number[];

export interface AddressBlock {
  readonly base: Address;
  readonly bits: number;
}

const LONGEST_ADDRESS = 45;
const V4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;

function parseV4(text: string): number[] | undefined {
  const match = V4.exec(text);
  if (match === null) return undefined;
  const [a, b, c, d] = match.slice(1).map(Number) as [number, number, number, number];
  if (a > 255 || b > 255 || c > 255 || d > 255) return undefined;
  return [a * 256 + b, c * 256 + d];
}

/** Groups on one side of "::"; an IPv4 tail counts as two. */
function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      const tail = mayEndInV4 && index === parts.length - 1 ? parseV4(part) : undefined;
      if (tail === undefined) return undefined;
      groups.push(...tail);
    }
  }
  return groups;
}

function parseV6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left = '', right] = halves;
  if (right === undefined) {
    const groups = parseGroups(left, true);
    return groups?.length === 8 ? groups : undefined;
  }
  const head = parseGroups(left, false);
  const tail = parseGroups(right, true);
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function isMapped(groups: Address): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  if (!text.includes(':')) return parseV4(text);
  const groups = parseV6(text);
  return groups !== undefined && isMapped(groups) ? groups.slice(6) : groups;
}

/** "10.0.0.0/8", "2001:db8::/32", or one address. Bits below the prefix do not count. */
export function parseBlock(text: string): AddressBlock | undefined {
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const base = parseAddress(addressText);
  if (base === undefined) return undefined;
  const width = base.length * 16;
  if (slash < 0) return { base, bits: width };
  const bitsText = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(bitsText)) return undefined;
  // A block over mapped addresses counts its bits in IPv6.
  const bits = Number(bitsText) - (addressText.includes(':') && width === 32 ? 96 : 0);
  return bits >= 0 && bits <= width ? { base, bits } : undefined;
}

export function blockContains(block: AddressBlock, address: Address): boolean {
  if (block.base.length !== address.length) return false;
  let bits = block.bits;
  for (let i = 0; bits > 0; i += 1, bits -= 16) {
    const shift = bits >= 16 ? 0 : 16 - bits;
    if (block.base[i]! >> shift !== address[i]! >> shift) return false;
  }
  return true;
}
