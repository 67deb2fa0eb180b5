/**
 * Results of expressions in short form, for tests.
 */
import type { JsonValue } from '../model.ts';
import { applyJsonLogic, type JsonLogicOptions } from './apply-json-logic.ts';

/** What an expression that a flagd server cannot evaluate gives here. */
export const PARSE_ERROR = 'ERROR PARSE_ERROR';
/** What an expression over a limit gives here. */
export const GENERAL = 'ERROR GENERAL';

/** Result, expression, data. */
export type Row = [result: JsonValue, expression: JsonValue, data?: JsonValue];

/** The result, or the code of the error. */
export function resultOf(rule: JsonValue, data: JsonValue = {}, options?: JsonLogicOptions): JsonValue {
  const outcome = applyJsonLogic(rule, data, options);
  switch (outcome.kind) {
    case 'value':
      return outcome.value;
    case 'error':
      return `ERROR ${outcome.code}`;
    case 'refused':
      return `REFUSED ${outcome.problems.map(({ code, path }) => `${code} ${path}`).join()}`;
  }
}
