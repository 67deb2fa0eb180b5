/** One flag of ResolveAll, which the web client asks for. */
import type { Evaluation, FlagKind, JsonValue } from '@flagstream/engine';
import type { AnyFlag } from '@flagstream/protocol/gen/flagd/evaluation/v1/evaluation';
import type { AnswerView } from '../serve/answer-view.ts';
import { flagMetadata } from './flag-metadata.ts';
import { hasNoValue, READERS } from './resolved-value.ts';

type AnyValue = AnyFlag['value'];

/** Flags that are off, and flags that failed, have no value: the zero of their kind stands in its place. */
const ZEROS: Readonly<Record<FlagKind, AnyValue>> = {
  FLAG_KIND_BOOLEAN: { $case: 'boolValue', value: false },
  FLAG_KIND_STRING: { $case: 'stringValue', value: '' },
  FLAG_KIND_NUMBER: { $case: 'doubleValue', value: 0 },
  FLAG_KIND_OBJECT: { $case: 'objectValue', value: {} },
  FLAG_KIND_ANY: undefined,
};

/** Undefined: the caller's default stands, or the contract cannot carry the value. Then the flag is left out. */
export function anyFlag(view: AnswerView, evaluation: Evaluation): AnyFlag | undefined {
  const { reason, variant, flagKey } = evaluation;
  const facts = { reason, variant: variant ?? '', metadata: flagMetadata(view, flagKey) };
  if (!hasNoValue(evaluation)) {
    const value = anyValue(evaluation.value!);
    return value === undefined ? undefined : { ...facts, value };
  }
  if (reason !== 'DISABLED' && reason !== 'ERROR') return undefined;
  const kind = view.set.kindOf(flagKey);
  return { ...facts, value: kind === undefined ? undefined : ZEROS[kind] };
}

function anyValue(value: JsonValue): AnyValue {
  switch (typeof value) {
    case 'boolean':
      return { $case: 'boolValue', value };
    case 'string':
      return { $case: 'stringValue', value };
    case 'number':
      return { $case: 'doubleValue', value };
    default: {
      const members = READERS.object(value);
      return members === undefined ? undefined : { $case: 'objectValue', value: members };
    }
  }
}
