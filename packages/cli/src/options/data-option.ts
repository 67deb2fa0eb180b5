/** The data folder of a control plane, for commands that work on its files. */
import { Option } from 'commander';

export const dataOption = (): Option =>
  new Option('--data <dir>', 'data folder of the control plane').env('FLAGSTREAM_DATA').default('./data');
