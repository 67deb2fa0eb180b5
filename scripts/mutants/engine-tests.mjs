// What stands in for "vitest" while the engine is broken: describe, test and vitest's own expect, collected so
// that single tests can be run again and again in one process. It knows what the engine's tests use.

import { format } from 'node:util';
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

function expect(value, message) {
  return chai.expect(value, message);
}
Object.assign(expect, chai.expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT]);
globalThis[GLOBAL_EXPECT] = expect;
setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null }, expect);

let collected = [];
let titles = [];

function describe(title, define) {
  titles.push(title);
  try {
    define();
  } finally {
    titles.pop();
  }
}

/** Options may stand before or after the function. */
function test(title, ...rest) {
  const run = rest.find((part) => typeof part === 'function');
  collected.push({ name: [...titles, title].join(' > '), run });
}

const each = (define, spread) => (rows) => (title, run, options) => {
  rows.forEach((row, index) => {
    const operands = spread && Array.isArray(row) ? row : [row];
    define(titleOf(title, operands, index), () => run(...operands), options);
  });
};
describe.each = each(describe, true);
test.each = each(test, true);
test.for = each(test, false);

/** "%s" stands for the next operand, "$name" for a member of the first one. */
function titleOf(title, operands, index) {
  const [row] = operands;
  const named = title.replace(/\$([\w.]+)/g, (whole, names) => {
    const value = names.split('.').reduce((object, name) => object?.[name], row);
    return value === undefined ? whole : format(typeof value === 'string' ? '%s' : '%j', value);
  });
  const holes = named.match(/%[sdifjoOc]/g) ?? [];
  return format(named.replaceAll('%#', String(index)), ...operands.slice(0, holes.length));
}

globalThis.engineTests = { describe, test, it: test, expect };

/** The tests that `load` defines: list of { name, run }. */
export function collect(load) {
  collected = [];
  titles = [];
  load();
  return collected;
}
