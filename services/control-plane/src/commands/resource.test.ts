import { expect, test } from 'vitest';
import { RESOURCE_TYPES } from './resource.ts';

test.each(Object.values(RESOURCE_TYPES).map((type) => [type.noun, type] as const))(
  'every field of a %s is either written by people or set by the server',
  (_, type) => {
    const fields = Object.keys(type.empty()).sort();
    expect([...type.writable, ...type.outputOnly].sort()).toEqual(fields);
  },
);
