import { FlagstreamError } from '@flagstream/protocol';
import { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { type FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { archive, booleanFlag, config, PROJECT, segment, split, Workbench } from '../workbench.fixture.ts';

function shop(): Workbench {
  const bench = new Workbench();
  bench.apply([...PROJECT, booleanFlag('a'), booleanFlag('b'), segment('s', { included: ['u1'] })]);
  return bench;
}

function refusal(attempt: () => unknown): FlagstreamError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof FlagstreamError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const equals = (attribute: string, value: unknown): object => ({
  compare: { attribute, operator: 'equals', values: [value] },
});

interface Refusal {
  readonly name: string;
  readonly changes: readonly object[];
  readonly reason: string;
  /** Field of the first violation. */
  readonly field?: string;
  readonly comment?: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: 'weights that do not add up',
    changes: [config('a', { enabled: true, fallthrough: split({ on: 50_000, off: 40_000 }) })],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag_config.fallthrough.split.entries',
  },
  {
    name: 'a variant that the flag does not have',
    changes: [config('a', { rules: [{ id: 'r', serve: { variant: 'maybe' } }] })],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag_config.rules[0].serve.variant',
  },
  {
    name: 'a value of the wrong type',
    changes: [booleanFlag('c', { variants: [{ key: 'on', value: 'yes' }], offVariant: 'on' })],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag.variants[0].value',
  },
  {
    name: 'a flag without a kind',
    changes: [{ flag: { name: 'projects/p/flags/c' } }],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag.kind',
  },
  {
    name: 'an operator that is not built',
    changes: [
      config('a', {
        rules: [
          {
            id: 'r',
            condition: { compare: { attribute: 'x', operator: 'resembles', values: ['y'] } },
            serve: { variant: 'on' },
          },
        ],
      }),
    ],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag_config.rules[0].condition.compare.operator',
  },
  {
    name: 'a rule without anything to serve',
    changes: [config('a', { rules: [{ id: 'r', condition: equals('x', 'y') }] })],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag_config.rules[0].serve',
  },
  {
    name: 'a segment that does not exist',
    changes: [
      config('a', { rules: [{ id: 'r', condition: { segment: 'nobody' }, serve: { variant: 'on' } }] }),
    ],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag_config.rules[0].condition.segment',
  },
  {
    name: 'a cycle of prerequisites',
    changes: [
      config('a', { prerequisites: [{ flag: 'b', variants: ['on'] }] }),
      config('b', { prerequisites: [{ flag: 'a', variants: ['on'] }] }),
    ],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].flag_config.prerequisites[0].flag',
  },
  {
    name: 'a segment that contains itself',
    changes: [segment('s', { condition: { segment: 's' } })],
    reason: 'INVALID_DEFINITION',
    field: 'changes[0].segment.condition.segment',
  },
  {
    name: 'an entity that is too large',
    changes: [booleanFlag('a', { description: 'x'.repeat(262_144) })],
    reason: 'LIMIT_EXCEEDED',
    field: 'changes[0].flag',
  },
  {
    name: 'a member that is too long',
    changes: [segment('s', { included: ['u1', 'x'.repeat(1025)] })],
    reason: 'LIMIT_EXCEEDED',
    field: 'changes[0].segment.included[1]',
  },
  {
    name: 'another kind for a flag',
    changes: [{ flag: { name: 'projects/p/flags/a', kind: 'FLAG_KIND_STRING' } }],
    reason: 'INVALID_FIELD',
  },
  {
    name: 'a stale etag',
    changes: [booleanFlag('a', { etag: '1', description: 'new' })],
    reason: 'ETAG_MISMATCH',
  },
  {
    name: 'the same resource twice',
    changes: [booleanFlag('a'), booleanFlag('a', { description: 'again' })],
    reason: 'INVALID_FIELD',
    field: 'changes[1].flag',
  },
  {
    name: 'a name of another form',
    changes: [{ flag: { name: 'projects/p/segments/a', kind: 'FLAG_KIND_BOOLEAN' } }],
    reason: 'INVALID_NAME',
    field: 'changes[0].flag.name',
  },
  {
    name: 'a project that does not exist',
    changes: [{ flag: { name: 'projects/q/flags/a', kind: 'FLAG_KIND_BOOLEAN' } }],
    reason: 'PROJECT_NOT_FOUND',
  },
  {
    name: 'an environment that does not exist',
    changes: [config('a', { enabled: true }, 'staging')],
    reason: 'ENVIRONMENT_NOT_FOUND',
  },
  {
    name: 'the configuration of a flag that does not exist',
    changes: [config('c', { enabled: true })],
    reason: 'FLAG_NOT_FOUND',
  },
  {
    name: 'archiving what does not exist',
    changes: [archive('projects/p/segments/nobody')],
    reason: 'SEGMENT_NOT_FOUND',
  },
  {
    name: 'archiving a configuration',
    changes: [archive('projects/p/environments/dev/flagConfigs/a')],
    reason: 'INVALID_FIELD',
    field: 'changes[0].archive',
  },
  {
    name: 'a protected environment without a comment',
    changes: [config('a', { enabled: true }, 'prod')],
    reason: 'COMMENT_REQUIRED',
  },
  {
    name: 'other variants of a flag, which a protected environment serves, without a comment',
    changes: [booleanFlag('a', { variants: [{ key: 'yes', value: true }], offVariant: 'yes' })],
    reason: 'COMMENT_REQUIRED',
  },
  {
    name: 'archiving a project with a protected environment without a comment',
    changes: [archive('projects/p')],
    reason: 'COMMENT_REQUIRED',
  },
  {
    name: 'lifting protection in passing',
    changes: [
      { environment: { name: 'projects/p/environments/prod', protected: false } },
      config('a', { enabled: true }, 'prod'),
    ],
    reason: 'COMMENT_REQUIRED',
  },
  {
    name: 'parts that the segment does not have',
    changes: [segment('s', { parts: [{ sha256: 'AAAA', members: 1 }] })],
    reason: 'INVALID_FIELD',
    field: 'changes[0].segment.parts[0]',
  },
  {
    name: 'an operation id of other characters',
    changes: [booleanFlag('c')],
    reason: 'INVALID_FIELD',
    field: 'op_id',
  },
];

describe('a write that is refused', () => {
  it.each(REFUSALS)('$name: $reason, and nothing has changed', (expected) => {
    const bench = shop();
    const before = bench.fingerprint();
    const fields = expected.field === 'op_id' ? { opId: 'a#1' } : {};
    const error = refusal(() => bench.apply(expected.changes, fields));
    expect(error.reason).toBe(expected.reason);
    if (expected.field !== undefined) expect(error.fields[0]?.field).toBe(expected.field);
    expect(bench.fingerprint()).toBe(before);
    // Nor has what later writes are judged by.
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })]);
  });

  it('changes nothing of the set when one of its changes is wrong', () => {
    const bench = shop();
    const before = bench.fingerprint();
    const error = refusal(() =>
      bench.apply([
        config('a', { enabled: true, fallthrough: { variant: 'on' } }),
        config('b', { enabled: true, fallthrough: { variant: 'sometimes' } }),
      ]),
    );
    expect(error.fields[0]?.field).toBe('changes[1].flag_config.fallthrough.variant');
    expect(bench.fingerprint()).toBe(before);
  });

  it('names what is wrong in the request, not what that breaks elsewhere', () => {
    const bench = shop();
    bench.apply([
      config('a', { enabled: true, fallthrough: { variant: 'on' } }),
      config('b', { enabled: true, prerequisites: [{ flag: 'a', variants: ['on'] }] }),
    ]);
    const error = refusal(() =>
      bench.apply([config('a', { enabled: true, fallthrough: { variant: 'nope' } })], { comment: 'why' }),
    );
    expect(error.fields.map(({ field }) => field)).toEqual(['changes[0].flag_config.fallthrough.variant']);
  });

  it('names what a removed variant breaks elsewhere', () => {
    const bench = shop();
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })]);
    const error = refusal(() =>
      bench.apply([booleanFlag('a', { variants: [{ key: 'off', value: false }], offVariant: 'off' })], {
        comment: 'why',
      }),
    );
    expect(error.reason).toBe('INVALID_DEFINITION');
    expect(error.fields[0]?.field).toBe('changes[0].flag');
    expect(error.fields[0]?.description).toContain('projects/p/environments/dev/flagConfigs/a');
  });
});

describe('archiving', () => {
  it('is refused while a flag is a prerequisite or a segment is in use, naming the users', () => {
    const bench = shop();
    bench.apply([
      config('a', {
        enabled: true,
        prerequisites: [{ flag: 'b', variants: ['on'] }],
        rules: [{ id: 'r', condition: { segment: 's' }, serve: { variant: 'on' } }],
      }),
    ]);
    for (const name of ['projects/p/flags/b', 'projects/p/segments/s']) {
      const error = refusal(() => bench.apply([archive(name)], { comment: 'why' }));
      expect(error.reason).toBe('IN_USE');
      expect(error.message).toContain('projects/p/environments/dev/flagConfigs/a');
    }
    bench.apply([archive('projects/p/flags/a'), archive('projects/p/flags/b')], { comment: 'both' });
    bench.apply([archive('projects/p/segments/s')], { comment: 'unused now' });
  });

  it('keeps the content in a tombstone, takes configurations along and retires the key', () => {
    const bench = shop();
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })]);
    const result = bench.apply([archive('projects/p/flags/a')], { comment: 'done' });
    expect(result.actions[0]?.action).toBe(ChangeAction.ARCHIVE);
    const id = { kind: ENTITY_KIND.flag, project: 'p', environment: '', key: 'a' };
    const tombstone = bench.store.entity(id);
    expect(tombstone?.change.deleted).toBe(true);
    expect(tombstone?.change.content.length).toBeGreaterThan(0);
    expect(
      bench.store.entity({ ...id, kind: ENTITY_KIND.flagConfig, environment: 'dev' })?.change.deleted,
    ).toBe(true);
    expect(refusal(() => bench.apply([booleanFlag('a')])).reason).toBe('ARCHIVED');
    expect(refusal(() => bench.apply([config('a', { enabled: false })])).reason).toBe('PARENT_ARCHIVED');
  });

  it('closes what belongs to an archived environment', () => {
    const bench = shop();
    bench.apply([archive('projects/p/environments/dev')]);
    expect(refusal(() => bench.apply([config('a', { enabled: true })])).reason).toBe('PARENT_ARCHIVED');
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } }, 'prod')], {
      comment: 'there',
    });
  });
});

describe('a write that changes nothing', () => {
  it('makes no revision and says so', () => {
    const bench = shop();
    const before = bench.fingerprint();
    const result = bench.apply([booleanFlag('a'), config('b', { enabled: false })]);
    expect(result.actions.map(({ action }) => action)).toEqual([ChangeAction.NONE, ChangeAction.NONE]);
    expect(bench.fingerprint()).toBe(before);
  });

  it('on validate_only, whatever would change', () => {
    const bench = shop();
    const before = bench.fingerprint();
    const result = bench.apply([booleanFlag('c'), archive('projects/p/flags/a')], {
      validateOnly: true,
      comment: 'plan',
    });
    expect(result.actions.map(({ action }) => action)).toEqual([ChangeAction.CREATE, ChangeAction.ARCHIVE]);
    expect(bench.fingerprint()).toBe(before);
    bench.apply([config('a', { enabled: true, fallthrough: { variant: 'on' } })]);
  });
});

describe('what is filled in', () => {
  it('on and off for a boolean flag, ids for rules', () => {
    const bench = shop();
    bench.apply([
      config('a', {
        enabled: true,
        rules: [
          { condition: equals('x', 1), serve: { variant: 'on' } },
          { id: 'rule-1', condition: equals('x', 2), serve: { variant: 'off' } },
          { condition: equals('x', 3), serve: { variant: 'on' } },
        ],
        fallthrough: { variant: 'off' },
      }),
    ]);
    const name = 'projects/p/environments/dev/flagConfigs/a';
    const { message } = bench.reads.get<FlagConfig>(ENTITY_KIND.flagConfig, name, 0n);
    expect(message.rules.map((rule) => rule.id)).toEqual(['rule-2', 'rule-1', 'rule-3']);
  });

  it('ranges for weights, so that a changed weight moves as few as possible', () => {
    const bench = shop();
    const entries = (weights: Readonly<Record<string, number>>) => {
      bench.apply([config('a', { enabled: true, fallthrough: split(weights) })]);
      const { message } = bench.reads.get<FlagConfig>(
        ENTITY_KIND.flagConfig,
        'projects/p/environments/dev/flagConfigs/a',
        0n,
      );
      const outcome = message.fallthrough?.outcome;
      if (outcome?.$case !== 'split') throw new Error('not a split');
      return outcome.value.entries.map(({ variant, ranges }) => [variant, ranges]);
    };
    expect(entries({ on: 20_000, off: 80_000 })).toEqual([
      ['on', [{ from: 0, to: 20_000 }]],
      ['off', [{ from: 20_000, to: 100_000 }]],
    ]);
    // "off" gives up the end of its range; nobody who had "on" loses it.
    expect(entries({ on: 30_000, off: 70_000 })).toEqual([
      [
        'on',
        [
          { from: 0, to: 20_000 },
          { from: 90_000, to: 100_000 },
        ],
      ],
      ['off', [{ from: 20_000, to: 90_000 }]],
    ]);
    expect(entries({ on: 20_000, off: 80_000 })).toEqual([
      ['on', [{ from: 0, to: 20_000 }]],
      ['off', [{ from: 20_000, to: 100_000 }]],
    ]);
  });
});

describe('members of a segment', () => {
  const members = (count: number): string[] => Array.from({ length: count }, (_, i) => `user-${i}`);
  const name = 'projects/p/segments/s';
  const stored = (bench: Workbench): Segment => {
    const id = { kind: ENTITY_KIND.segment, project: 'p', environment: '', key: 's' };
    return Segment.decode(bench.store.entity(id)!.change.content);
  };
  const liveParts = (bench: Workbench): string[] =>
    bench.store
      .entities({ kind: ENTITY_KIND.part, project: 'p', limit: 1000 })
      .filter(({ change }) => !change.deleted)
      .map(({ change }) => change.key);

  it('stand in parts when they are many, and are all there', () => {
    const bench = shop();
    bench.apply([segment('s', { included: members(100_000), excluded: ['user-7'] })], { comment: 'import' });
    expect(stored(bench).included).toEqual([]);
    const { message } = bench.reads.get<Segment>(ENTITY_KIND.segment, name, 0n);
    expect(message.memberCount).toBe(100_000n);
    expect(new Set(message.included)).toEqual(new Set(members(100_000)));
    expect(message.excluded).toEqual(['user-7']);
    const parts = liveParts(bench);
    expect(parts.length).toBe(stored(bench).parts.length);
    expect(parts.length).toBeGreaterThan(8);
  });

  it('one more rewrites one part and drops the old one', () => {
    const bench = shop();
    bench.apply([segment('s', { included: members(40_000) })], { comment: 'import' });
    const before = new Set(liveParts(bench));
    bench.apply([segment('s', { included: [...members(40_000), 'late'] })], { comment: 'one more' });
    const after = liveParts(bench);
    expect(after.filter((key) => !before.has(key))).toHaveLength(1);
    expect(after).toHaveLength(before.size);
  });

  it('are kept by parts that are sent back, and gone when they are not', () => {
    const bench = shop();
    bench.apply([segment('s', { included: members(20_000) })], { comment: 'import' });
    const parts = (Segment.toJSON(stored(bench)) as { parts: object[] }).parts;
    bench.apply([segment('s', { description: 'kept', parts })], { comment: 'describe' });
    expect(bench.reads.get<Segment>(ENTITY_KIND.segment, name, 0n).message.memberCount).toBe(20_000n);
    bench.apply([segment('s', { included: ['u1'] })], { comment: 'shrink' });
    expect(liveParts(bench)).toEqual([]);
    expect(stored(bench).included).toEqual(['u1']);
  });

  it('stay while another segment has the same part', () => {
    const bench = shop();
    const same = members(20_000);
    bench.apply([segment('s', { included: same }), segment('t', { included: same })], { comment: 'twice' });
    const shared = liveParts(bench);
    bench.apply([archive(name)], { comment: 'one of two' });
    expect(liveParts(bench)).toEqual(shared);
    bench.apply([archive('projects/p/segments/t')], { comment: 'the other' });
    expect(liveParts(bench)).toEqual([]);
  });
});
