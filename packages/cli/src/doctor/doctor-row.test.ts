import { expect, it } from 'vitest';
import { EXIT } from '../exit-code.ts';
import { type DoctorRow, exitCodeOfRows } from './doctor-row.ts';

const row = (verdict: DoctorRow['verdict'], more: Pick<DoctorRow, 'unreachable'> = {}): DoctorRow => ({
  part: 'nats',
  check: 'c',
  verdict,
  detail: '',
  ...more,
});
const silent = row('fail', { unreachable: true });

it.each([
  ['nothing', [], EXIT.ok],
  ['warnings', [row('ok'), row('info'), row('warn')], EXIT.ok],
  ['a failure', [row('ok'), row('fail')], EXIT.failure],
  ['no answer', [row('ok'), silent], EXIT.unavailable],
  ['no answer and a failure', [silent, row('fail')], EXIT.failure],
])('exits for %s', (_, rows, code) => {
  expect(exitCodeOfRows(rows)).toBe(code);
});
