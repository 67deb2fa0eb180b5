/** The command tree as what a shell can complete: words by path. Pure. */
import type { Command, Option } from 'commander';

export interface Word {
  readonly word: string;
  readonly description: string;
}

export interface CommandWords {
  /** Commands that lead here: "", "flag", "flag rollout". */
  readonly path: string;
  readonly commands: readonly Word[];
  /** Flags, long and short. */
  readonly options: readonly Word[];
  /** Values of arguments that are a choice. */
  readonly values: readonly string[];
  /** Values of flags that are a choice. */
  readonly optionValues: readonly { readonly names: readonly string[]; readonly values: readonly string[] }[];
}

/** Every command of the tree, the program itself first. */
export function commandWords(program: Command): readonly CommandWords[] {
  const collect = (command: Command, path: string): readonly CommandWords[] => [
    wordsOf(command, path),
    ...command.commands.flatMap((child) =>
      [child.name(), ...child.aliases()].flatMap((name) =>
        collect(child, path === '' ? name : `${path} ${name}`),
      ),
    ),
  ];
  return collect(program, '');
}

function wordsOf(command: Command, path: string): CommandWords {
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  return {
    path,
    commands: command.commands.flatMap((child) =>
      [child.name(), ...child.aliases()].map((word) => ({ word, description: child.description() })),
    ),
    options: options.flatMap((option) =>
      namesOf(option).map((word) => ({ word, description: option.description })),
    ),
    values: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    optionValues: options.flatMap((option) =>
      option.argChoices === undefined ? [] : [{ names: namesOf(option), values: option.argChoices }],
    ),
  };
}

function namesOf(option: Option): string[] {
  return [option.long, option.short].filter((name): name is string => typeof name === 'string');
}
