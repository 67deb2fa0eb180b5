/** What every answer is, whatever was asked: said as complaints, so that millions can be looked at. */
import type { FlagUnit } from '../compile/flag.ts';
import type { Evaluation } from '../evaluation.ts';
import { hasKind } from '../variant-value.ts';

const REASONS: ReadonlySet<string> = new Set([
  'STATIC',
  'DEFAULT',
  'TARGETING_MATCH',
  'SPLIT',
  'DISABLED',
  'ERROR',
]);
const CODES: ReadonlySet<string | undefined> = new Set([
  'FLAG_NOT_FOUND',
  'PARSE_ERROR',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'GENERAL',
]);

/** What is wrong with an answer of this flag, which compiled; undefined: nothing. */
export function complaintAbout(answer: Evaluation, unit: FlagUnit): string | undefined {
  const { flag, config = {}, key } = unit;
  const ids = [...(config.rules ?? []), ...(config.holdouts ?? [])].map(({ id }) => id);
  if (answer.flagKey !== key) return 'answers for another flag';
  if (!Object.isFrozen(answer)) return 'is not frozen';
  if (!REASONS.has(answer.reason)) return `has the reason ${answer.reason}`;
  if (answer.ruleId !== '' && !ids.includes(answer.ruleId))
    return `names a rule that is not there: ${answer.ruleId}`;
  if (typeof answer.enabled !== 'boolean') return 'says nothing about enabled';
  const failed = answer.reason === 'ERROR';
  if (failed !== CODES.has(answer.errorCode))
    return `has reason ${answer.reason} with code ${answer.errorCode}`;
  if (failed !== (answer.errorMessage !== undefined)) return 'has an error without a message, or the reverse';
  if (failed && answer.variant !== undefined) return 'has an error and a variant';
  if (answer.variant === undefined)
    return answer.value === undefined ? undefined : 'has a value without a variant';
  const variant = flag.variants?.find((each) => each.key === answer.variant);
  if (variant === undefined) return `has a variant that the flag does not have: ${answer.variant}`;
  if (JSON.stringify(variant.value) !== JSON.stringify(answer.value)) return 'has another value';
  if (!hasKind(answer.value!, answer.kind!)) return `is of kind ${answer.kind}, its value is not`;
  return undefined;
}
