import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockContains, parseAddress, parseBlock } from './ip-address.ts';

describe('parseAddress', () => {
  test.each([
    ['192.0.2.1', [0xc000, 0x0201]],
    ['0.0.0.0', [0, 0]],
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['2001:db8::1', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
    ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['64:ff9b::192.0.2.33', [0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0221]],
    ['::ffff:192.0.2.1', [0xc000, 0x0201]],
    ['::FFFF:c000:201', [0xc000, 0x0201]],
    ['255.255.255.255', [0xffff, 0xffff]],
    ['1:2:3:4:5:6:192.0.2.33', [1, 2, 3, 4, 5, 6, 0xc000, 0x0221]],
    ['0:0:0:1:0:ffff:c000:201', [0, 0, 0, 1, 0, 0xffff, 0xc000, 0x0201]],
    ['1::ffff:c000:201', [1, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]],
    ['0000:0000:0000:0000:0000:ffff:255.255.255.255', [0xffff, 0xffff]],
  ])('reads %s', (text, groups) => {
    expect(parseAddress(text)).toEqual(groups);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.256.4',
    '1.256.3.4',
    '256.2.3.4',
    '::1.2.3.4:5',
    '1:2:3:4:5:1.2.3.4:6',
    '01.2.3.4',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3',
    `::${'0'.repeat(60)}`,
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test('accepts what the platform accepts, zones aside', () => {
    const nearlyAddresses = fc.stringMatching(/^[0-9a-f:.]{0,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearlyAddresses), (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a block', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.9.9.9/8', '10.0.0.1', true],
    ['10.0.0.0/9', '10.128.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.1/32', '192.0.2.2', false],
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['2001:db8::1/128', '2001:db8::1', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::ffff:10.0.0.0/104', '10.1.1.1', true],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
  ])('%s contains %s: %s', (block, address, inside) => {
    expect(blockContains(parseBlock(block)!, parseAddress(address)!)).toBe(inside);
  });

  test.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '::/129',
    '/8',
    'x/8',
    '10.0.0.0/8/8',
    '::ffff:10.0.0.0/8',
  ])('refuses %j', (text) => {
    expect(parseBlock(text)).toBeUndefined();
  });

  test('contains what the platform says it contains', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (base, bits, address) => {
        const list = new BlockList();
        list.addSubnet(base, bits, 'ipv4');
        const block = parseBlock(`${base}/${bits}`)!;
        expect(blockContains(block, parseAddress(address)!)).toBe(list.check(address, 'ipv4'));
        expect(blockContains(block, parseAddress(base)!)).toBe(true);
      }),
    );
  });
});
