/** A flag that names a file, as a setting of the roles does. */
import { Option } from 'commander';

/** With the environment variable that the roles' setting of this name has. */
export function settingFileOption(flag: string, description: string): Option {
  const env = `FLAGSTREAM_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
  return new Option(`${flag} <path>`, description).env(env);
}
