import { Command } from 'commander';
import { expect, test } from 'vitest';
import { ROLES } from './role-table.ts';
import { addSettingOptions, typedSettings } from './setting-options.ts';

test.each([
  [['--without-stream'], { '--without-stream': 'true' }],
  [['--without-stream', '--data', 'd'], { '--without-stream': 'true', '--data': 'd' }],
  [['--data', 'd', '--without-stream', 'false'], { '--data': 'd', '--without-stream': 'false' }],
  [['--nats-stream-bytes', '1048576'], { '--nats-stream-bytes': '1048576' }],
])('%j are settings: a switch needs no value', (words, settings) => {
  const command = addSettingOptions(new Command('serve'), ROLES);
  command.parse(words, { from: 'user' });
  expect(typedSettings(command, [])).toEqual(settings);
  expect(ROLES['control-plane'].prepare({ flags: settings, env: {} }).nodeId).toBe('control-plane');
});
