/** The settings of roles as flags of a command. */
import type { Setting } from '@flagstream/runtime';
import { type Command, Option } from 'commander';
import { ROLE_NAMES, type RoleName, type Roles } from './roles.ts';

const VALUE_WORDS: Readonly<Record<Setting['type'], string>> = {
  string: 'text',
  number: 'number',
  integer: 'number',
  boolean: 'true|false',
  list: 'a,b,c',
  enum: 'word',
  json: 'json',
};

/** One flag for each setting of any role; which role has it stands beside it when not all do. */
export function addSettingOptions(command: Command, roles: Roles): Command {
  const byFlag = new Map<string, { readonly setting: Setting; readonly roles: RoleName[] }>();
  for (const role of ROLE_NAMES) {
    for (const setting of roles[role].settings) {
      const known = byFlag.get(setting.flag);
      if (known === undefined) byFlag.set(setting.flag, { setting, roles: [role] });
      else known.roles.push(role);
    }
  }
  for (const { setting, roles: having } of byFlag.values()) {
    const only = having.length === ROLE_NAMES.length ? '' : `[${having.join(', ')}] `;
    command.addOption(settingOption(setting, `${only}${setting.description} (env: ${setting.env})`));
    if (setting.secret)
      command.addOption(
        new Option(
          `${setting.flag}-file <path>`,
          `file that holds ${setting.flag} (env: ${setting.env}_FILE)`,
        ),
      );
  }
  return command;
}

/** What was typed, by flag. Environment and file are not the command line's business. */
export function typedSettings(
  command: Command,
  notSettings: readonly string[],
): Readonly<Record<string, unknown>> {
  const typed = command.options.filter(
    (option) =>
      !notSettings.includes(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  return Object.fromEntries(
    typed.map((option) => [
      option.long ?? option.name(),
      command.getOptionValue(option.attributeName()) as unknown,
    ]),
  );
}

function settingOption(setting: Setting, description: string): Option {
  const word = VALUE_WORDS[setting.type];
  if (setting.type === 'boolean') return new Option(`${setting.flag} [${word}]`, description).preset('true');
  const option = new Option(`${setting.flag} <${word}>`, description);
  return setting.values === undefined ? option : option.choices(setting.values);
}
