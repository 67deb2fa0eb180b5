/**
 * Flags that serve one value, as definitions: a test's values are evaluated by the engine like everything else.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FlagDefinition, FlagKind, FlagUnit, JsonValue, VariantDefinition } from '@flagstream/engine';
import { fail } from '@flagstream/protocol';

const ON_OFF: readonly VariantDefinition[] = [
  { key: 'on', value: true },
  { key: 'off', value: false },
];

/** Variant of a value that the flag's definition does not have. */
const OWN_VARIANT = 'test';

/** What a flag is that a test only gave a value. */
export function declaredBy(value: JsonValue): FlagDefinition {
  const kind = kindOf(value);
  return kind === 'FLAG_KIND_BOOLEAN' ? { kind, variants: ON_OFF, offVariant: 'off' } : { kind };
}

/** The flag with a configuration that serves the value to everybody. */
export function servingAll(key: string, declared: FlagDefinition, value: JsonValue): FlagUnit {
  const { flag, variant } = serving(key, declared, value);
  return { key, flag, config: { enabled: true, fallthrough: { variant } } };
}

/** The same for one subject, whose targeting key is listed as a target: the reason says so. */
export function servingOne(
  key: string,
  declared: FlagDefinition,
  targetingKey: string,
  value: JsonValue,
): FlagUnit {
  const { flag, variant } = serving(key, declared, value);
  return { key, flag, config: { enabled: true, targets: [{ variant, values: [targetingKey] }] } };
}

/** @throws FlagstreamError TYPE_MISMATCH */
function serving(
  key: string,
  declared: FlagDefinition,
  value: JsonValue,
): { readonly flag: FlagDefinition; readonly variant: string } {
  const { kind, variants = [] } = declared;
  if (kind !== 'FLAG_KIND_ANY' && kindOf(value) !== kind) {
    const given = kindOf(value) === 'FLAG_KIND_ANY' ? 'null or a list' : kindOf(value);
    throw fail('TYPE_MISMATCH', `The flag "${key}" is of kind ${kind}, the value of kind ${given}.`);
  }
  const known = variants.find((variant) => isDeepStrictEqual(variant.value, value))?.key;
  if (known !== undefined) return { flag: declared, variant: known };
  const variant = freeKey(variants);
  return { flag: { ...declared, variants: [...variants, { key: variant, value }] }, variant };
}

function freeKey(variants: readonly VariantDefinition[]): string {
  const taken = new Set(variants.map(({ key }) => key));
  let variant = OWN_VARIANT;
  for (let number = 2; taken.has(variant); number += 1) variant = `${OWN_VARIANT}-${number}`;
  return variant;
}

/** null and lists are values of flags of any kind alone. */
function kindOf(value: JsonValue): FlagKind {
  switch (typeof value) {
    case 'boolean':
      return 'FLAG_KIND_BOOLEAN';
    case 'string':
      return 'FLAG_KIND_STRING';
    case 'number':
      return 'FLAG_KIND_NUMBER';
    default:
      return value === null || Array.isArray(value) ? 'FLAG_KIND_ANY' : 'FLAG_KIND_OBJECT';
  }
}
