// What the runner printed, against the list of known failures.

import { KNOWN_FAILURES } from './known-failures.ts';

export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  /** Failed as the list says. */
  readonly known: number;
  readonly notRun: number;
  /** What is not on the list: other cases, other complaints, and cases that pass now. */
  readonly surprises: readonly string[];
}

export function verdictOf(output: string): Verdict {
  return {
    ...countsOf(output),
    surprises: failuresOf(output).flatMap(({ known, name, complaints }) => {
      const left = known ? complaints.filter((complaint) => !isKnown(name, complaint)) : complaints;
      return known && left.length === 0 ? [] : [[name, ...left].join('\n  ')];
    }),
  };
}

function countsOf(output: string): Omit<Verdict, 'surprises'> {
  const summary = /^(\d+) passed, (\d+) failed$/m.exec(output);
  if (summary === null) throw new Error(`the runner came to no result:\n${output}`);
  return {
    passed: Number(summary[1]),
    failed: Number(summary[2]),
    known: Number(/^\(Another (\d+) failed as expected/m.exec(output)?.[1] ?? 0),
    notRun: Number(/^Another (\d+) could not be run/m.exec(output)?.[1] ?? 0),
  };
}

interface Failure {
  readonly name: string;
  readonly known: boolean;
  readonly complaints: readonly string[];
}

/** A line for each, and its complaints below it. */
function failuresOf(output: string): readonly Failure[] {
  const failures: { name: string; known: boolean; complaints: string[] }[] = [];
  for (const line of output.split('\n')) {
    const complaint = /^\t(?:; )?(.+)$/.exec(line)?.[1];
    if (complaint !== undefined) failures.at(-1)?.complaints.push(complaint);
    const [, banner, name] = /^(FAILED|INFO): (.+?)(?: failed \(as expected\))?:?$/.exec(line) ?? [];
    if (name !== undefined) failures.push({ name, known: banner === 'INFO', complaints: [] });
  }
  return failures;
}

function isKnown(name: string, complaint: string): boolean {
  return KNOWN_FAILURES.some(
    ({ cases, complaint: known }) =>
      known.test(complaint) && cases.some((each) => patternOf(each).test(name)),
  );
}

/** As the runner reads names of cases: a star is one part of a name, two are any number. */
function patternOf(cases: string): RegExp {
  return new RegExp(
    `^${cases
      .split('**')
      .map((part) => part.replaceAll('*', '[^/]+'))
      .join('.*')}$`,
  );
}
