/** What flagd's engines cannot be told exactly is not told at all: thrown where it is found, reported with the flag. */

/** Constructs that are withheld; metrics count by them, and a test names them all. */
export type WithheldConstruct = (typeof WITHHELD_CONSTRUCTS)[number];

export const WITHHELD_CONSTRUCTS = [
  'attribute',
  'context-kind',
  'gate',
  'ignore-case',
  'json-logic',
  'missing-entity',
  'operator',
  'prerequisite',
  'ramp',
  'size',
  'split-bucketing',
  'variant-name',
  'variant-value',
  'variants',
  'window',
] as const;

/** A flag that is not sent, and why. */
export interface WithheldFlag {
  readonly flagKey: string;
  readonly construct: WithheldConstruct;
  readonly reason: string;
}

export class Withheld extends Error {
  readonly construct: WithheldConstruct;

  constructor(construct: WithheldConstruct, reason: string) {
    super(reason);
    this.name = 'Withheld';
    this.construct = construct;
  }
}
