/**
 * A configuration that cannot be used, with every problem at once.
 */
import { FlagstreamError } from '@flagstream/protocol';

/** EX_CONFIG of sysexits.h. */
export const CONFIG_EXIT_CODE = 78;

export interface ConfigProblem {
  /** The setting as it was given: a flag, a variable, or a key with its file. */
  readonly where: string;
  readonly message: string;
}

export class ConfigError extends FlagstreamError {
  readonly problems: readonly ConfigProblem[];
  /** What a process that cannot start for this exits with. */
  readonly exitCode: number = CONFIG_EXIT_CODE;

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ where, message }) => `  ${where}: ${message}`);
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super('CONFIG_INVALID', `the configuration has ${count}:\n${lines.join('\n')}`, {
      fields: problems.map(({ where, message }) => ({ field: where, description: message })),
    });
    this.problems = problems;
  }
}
