import { expect, test } from 'vitest';
import { flagConfigDefinition, flagDefinition } from './definitions.ts';
import { ApplyChangeSetRequest } from './gen/flagstream/v1/admin.ts';
import { Flag, FlagConfig } from './gen/flagstream/v1/model.ts';

const FLAG = { kind: 'FLAG_KIND_ANY', variants: [{ key: 'nothing', value: null }] };
const CONFIG = {
  rules: [{ id: 'r', condition: { jsonLogic: null }, serve: { jsonLogic: null } }],
};

test('null is a value: it is kept from JSON through messages and bytes to the definition', () => {
  expect(flagDefinition(Flag.encode(Flag.fromJSON(FLAG)).finish())).toEqual(FLAG);
  expect(flagConfigDefinition(FlagConfig.encode(FlagConfig.fromJSON(CONFIG)).finish())).toEqual(CONFIG);
});

test('null is kept in a request that is made of parts', () => {
  const changes = [
    { change: { $case: 'flag', value: Flag.fromJSON(FLAG) } as const },
    { change: { $case: 'flagConfig', value: FlagConfig.fromJSON(CONFIG) } as const },
  ];
  const { changes: sent } = ApplyChangeSetRequest.decode(
    ApplyChangeSetRequest.encode(ApplyChangeSetRequest.fromPartial({ changes })).finish(),
  );
  expect(sent.map(({ change }) => change)).toEqual(changes.map(({ change }) => change));
});

test('what is not given is absent', () => {
  expect(flagDefinition(Flag.encode(Flag.fromJSON({ variants: [{ key: 'v' }] })).finish())).toEqual({
    variants: [{ key: 'v' }],
  });
});

test('a member named __proto__ is data, and reaches no prototype', () => {
  const value = JSON.parse('{"a":[1,{"__proto__":{"admin":true},"b":null}]}') as object;
  const flag = Flag.fromJSON({ variants: [{ key: 'v', value }] });
  const read = flagDefinition(Flag.encode(flag).finish()).variants?.[0]?.value;
  expect(JSON.stringify(read)).toBe(JSON.stringify(value));
  expect((read as { a: [number, object] }).a[1]).not.toHaveProperty('admin');
});
