// Figures that were aimed at, beside what was measured.

import type { Row, SuiteReport } from './report.ts';

/** @param measured undefined: it was not run */
export function atMost(aim: string, bound: number, measured: number | undefined): Row {
  return row(aim, `<= ${bound.toLocaleString('en-US')}`, measured, (value) => value <= bound);
}

/** @param measured undefined: it was not run */
export function atLeast(aim: string, bound: number, measured: number | undefined): Row {
  return row(aim, `>= ${bound.toLocaleString('en-US')}`, measured, (value) => value >= bound);
}

export function aimsReport(name: string, title: string, rows: readonly Row[], note: string): SuiteReport {
  return {
    ...{ name, title, rows },
    notes: [note],
    columns: [
      { key: 'aim', title: 'aim' },
      { key: 'wanted', title: 'wanted' },
      { key: 'measured', title: 'measured', digits: 2 },
      { key: 'verdict', title: '' },
    ],
  };
}

function row(
  aim: string,
  wanted: string,
  measured: number | undefined,
  isMet: (value: number) => boolean,
): Row {
  if (measured === undefined) return { aim, wanted, verdict: 'not run' };
  return { aim, wanted, measured, verdict: isMet(measured) ? 'met' : 'not met' };
}
