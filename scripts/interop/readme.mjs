// What the README shows of test/interop, between its markers: the programs as they stand there, and the table of foreign
// clients as it was last measured.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE, ROOT } from './build-program.mjs';

const PROGRAMS = [
  { language: 'Go', fence: 'go', folder: 'own-go', file: 'main.go' },
  { language: 'Python', fence: 'python', folder: 'own-python', file: 'main.py' },
  { language: 'Java', fence: 'java', folder: 'own-java', file: 'src/main/java/Main.java' },
  { language: 'Rust', fence: 'rust', folder: 'own-rust', file: 'src/main.rs' },
];

/** The README with each program as it is now. */
export function withPrograms(readme) {
  const shown = PROGRAMS.map(({ language, fence, folder, file }) => {
    const place = `test/interop/${folder}`;
    const text = readFileSync(path.join(ROOT, place, file), 'utf8').trimEnd();
    return `<details><summary>${language}</summary>\n\n[${place}](${place}), whole:\n\n\`\`\`${fence}\n${text}\n\`\`\`\n\n</details>\n`;
  });
  return between(readme, 'own programs', shown.join('\n'));
}

/** By the README's markers: what a run of that test file leaves. */
const TABLES = {
  'flagd clients': 'flagd-clients.json',
  'flagd clients in process': 'flagd-clients-in-process.json',
  'OFREP clients': 'ofrep-clients.json',
};

/** The README with the tables that the last runs of `make interop` left; one that is not there stays as it was. */
export function withTables(readme) {
  let text = readme;
  for (const [name, file] of Object.entries(TABLES)) {
    const measured = path.join(CACHE, 'interop', file);
    if (existsSync(measured))
      text = between(text, name, formatTable(JSON.parse(readFileSync(measured, 'utf8'))));
  }
  return text;
}

/** A cell for each capability and client; what is not there was not run. */
function formatTable({ capabilities, columns }) {
  const rows = [
    ['', ...columns.map(({ client }) => client)],
    ['---', ...columns.map(() => '---')],
    ...capabilities.map((capability) => [
      capability,
      ...columns.map(({ cells }) => cells[capability] ?? 'not run'),
    ]),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`.replace('|  |', '| |')).join('\n');
}

/** @throws where the README has not both markers */
function between(readme, name, text) {
  const begin = `<!-- ${name} -->\n`;
  const end = `<!-- end of ${name} -->`;
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no markers of "${name}"`);
  return `${readme.slice(0, from + begin.length)}\n${text.trimEnd()}\n\n${readme.slice(to)}`;
}
