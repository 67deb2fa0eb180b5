/**
 * inCidr: an IP address inside any of the operands' blocks, IPv4 and IPv6.
 */
import type { JsonValue } from '../model.ts';
import { type AddressBlock, blockContains, parseAddress, parseBlock } from './ip-address.ts';
import {
  type CompiledOperator,
  type Matcher,
  type Operator,
  type OperatorOptions,
  operator,
} from './operator.ts';

class BlockMatcher implements Matcher {
  readonly #blocks: readonly AddressBlock[];

  constructor(blocks: readonly AddressBlock[]) {
    this.#blocks = blocks;
  }

  matches(actual: JsonValue): boolean | undefined {
    const address = typeof actual === 'string' ? parseAddress(actual) : undefined;
    if (address === undefined) return undefined;
    for (const block of this.#blocks) if (blockContains(block, address)) return true;
    return false;
  }
}

function compileInCidr(values: readonly JsonValue[], options: OperatorOptions): CompiledOperator {
  const blocks: AddressBlock[] = [];
  values.forEach((value, index) => {
    const block = typeof value === 'string' ? parseBlock(value) : undefined;
    if (block !== undefined) blocks.push(block);
    else
      options.report(
        index,
        'BAD_OPERAND',
        'An operand must be a CIDR block, such as "10.0.0.0/8" or "2001:db8::/32".',
      );
  });
  return { matcher: new BlockMatcher(blocks), steps: 5 + blocks.length };
}

export const NETWORK_OPERATORS: readonly Operator[] = [operator('inCidr', compileInCidr)];
