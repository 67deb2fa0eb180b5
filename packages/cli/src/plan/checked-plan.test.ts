import { fail } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { loadDocuments } from '../document/load-documents.ts';
import { inPlanWords } from './checked-plan.ts';
import { makePlan } from './make-plan.ts';

const EMPTY = { environments: new Map(), segments: new Map(), flags: new Map(), configs: new Map() };

const files = loadDocuments(
  [
    {
      file: 'flags.yaml',
      text: `format: flagstream/v1
flags:
  - flag:
      name: checkout
      kind: FLAG_KIND_BOOLEAN
    configs:
      live:
        enabled: true
        rules:
          - serve: { variant: "onn" }
`,
    },
  ],
  'shop',
);
const plan = makePlan({ ...EMPTY, exists: false }, files.set, { project: 'shop', prune: false });

describe('an error about a plan', () => {
  it.each([
    [
      'changes[2].flag_config.rules[0].serve.variant',
      'flags.yaml:10:31: flag checkout in live, rules[0].serve.variant',
    ],
    ['changes[1].flag.off_variant', 'flags.yaml:4:7: flag checkout, off_variant'],
    ['changes[1].flag', 'flags.yaml:4:7: flag checkout'],
    ['changes[0].project', 'project shop'],
    ['changes[7].flag.kind', 'changes[7].flag.kind'],
  ])('about %s is about %s', (field, place) => {
    const description = 'is refused.';
    const error = fail('INVALID_FIELD', `${field}: ${description} See ${field}.`, {
      fields: [{ field, description }],
    });
    expect(inPlanWords(error, plan, (name, path) => files.placeOf(name, path))).toMatchObject({
      reason: 'INVALID_FIELD',
      message: `${place}: ${description} See ${place}.`,
      fields: [{ field: place, description }],
    });
  });
});
