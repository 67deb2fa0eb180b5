/** Weights (1/100000 of the whole) as percentages, both ways. */
import { UsageError } from '../usage-error.ts';

/** The sum of all weights of a split. */
export const WHOLE_WEIGHT = 100_000;
const PER_PERCENT = 1000;

export function percentText(weight: number): string {
  return `${weight / PER_PERCENT}%`;
}

/**
 * "10%" or "10"; below 1 only with the sign, since "0.5" may mean half. Finer than
 * 0.001% is refused.
 */
export function parsePercent(text: string): number {
  const match = /^(\d{1,3}(?:\.\d+)?)%?$/.exec(text.trim());
  const percent = Number(match?.[1]);
  const weight = Math.round(percent * PER_PERCENT);
  if (match === null || percent > 100)
    throw new UsageError(
      `${JSON.stringify(text)} is not a percentage`,
      'Give a number from 0% to 100%, for example 12.5%.',
    );
  if (percent > 0 && percent < 1 && !text.trim().endsWith('%'))
    throw new UsageError(
      `${JSON.stringify(text)} is ambiguous`,
      `Write ${percent}% for a part of one percent, or ${percentText(Math.round(weight * 100))} for that share of all.`,
    );
  if (Math.abs(weight - percent * PER_PERCENT) > 1e-6)
    throw new UsageError(`${text} is finer than 0.001%`, 'Round it to three decimals.');
  return weight;
}
