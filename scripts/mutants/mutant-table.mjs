// What `make mutants` says about its mutants: rows, counts, survivors. Pure.
//
// A mutant is killed (a named test fails, or never ends), equivalent (it changes nothing that counts, for a reason
// that somebody wrote down in equivalent.json) or survived.

const TEXT_CHARS_MAX = 100;
const NAME_CHARS_MAX = 200;
const SOURCES = 'packages/engine/src/';

/**
 * @param mutants { file, line, column, mutator, code, replacement, state, by? }
 * @param equivalents list of { why, file, changes }; changes are [code, replacement] as the table shows them
 * @returns rows of the table, in the order of their places
 */
export function withReasons(mutants, equivalents) {
  const rows = mutants.map(({ file, line, column, mutator, code, replacement, state, by }, index) => ({
    id: `M${index + 1}`,
    file: shortened(file),
    place: `${line}:${column}`,
    mutator,
    code: brief(code),
    replacement: brief(replacement),
    ...stateOf(state, by),
  }));
  return rows.map((row) => {
    if (row.state !== 'survived') return row;
    const why = reasonFor(row, equivalents);
    return why === undefined ? row : { ...row, state: 'equivalent', by: why };
  });
}

function stateOf(state, by) {
  switch (state) {
    case 'killed':
      return { state, by: brief(shortened(by), NAME_CHARS_MAX) };
    case 'endless':
      return { state: 'killed', by: 'no test ends: its process was stopped' };
    case 'unreached':
      return { state: 'survived', by: 'no test runs it' };
    default:
      return { state: 'survived', by: '' };
  }
}

/** Why a mutant changes nothing; undefined: nobody has said so. */
export function reasonFor({ file, code, replacement }, equivalents) {
  const row = { file: shortened(file), code: brief(code), replacement: brief(replacement) };
  return equivalents.find((entry) => accepts(entry, row))?.why;
}

function accepts({ file, changes }, row) {
  return (
    file === row.file &&
    changes.some(([code, replacement]) => code === row.code && replacement === row.replacement)
  );
}

function shortened(file) {
  return file.startsWith(SOURCES) ? file.slice(SOURCES.length) : file;
}

function brief(text, charsMax = TEXT_CHARS_MAX) {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length <= charsMax ? flat : `${flat.slice(0, charsMax - 1)}…`;
}

const COLUMNS = ['id', 'file', 'place', 'mutator', 'code', 'replacement', 'state', 'by'];

export function formatTable(rows) {
  return `${[COLUMNS, ...rows.map((row) => COLUMNS.map((name) => row[name]))].map((cells) => cells.join('\t')).join('\n')}\n`;
}

export function formatSurvivors(rows) {
  const lines = rows
    .filter(({ state }) => state === 'survived')
    .map(({ file, place, code, replacement, by }) => `${file}:${place}  ${code}  ->  ${replacement}  ${by}`);
  return [...lines, totals(rows)].join('\n');
}

function totals(rows) {
  const { killed, equivalent, survived } = counted(rows);
  return `${rows.length} mutants: ${killed} killed, ${equivalent} equivalent, ${survived} survived`;
}

function counted(rows) {
  const counts = { killed: 0, equivalent: 0, survived: 0 };
  for (const { state } of rows) counts[state] += 1;
  return counts;
}

export function formatSummary(rows, { date, node, cores }) {
  const reasons = grouped(
    rows.filter(({ state }) => state === 'equivalent'),
    ({ by }) => by,
  );
  const sections = [
    '# Mutation check of the engine',
    `${date}, \`make mutants\`, Node ${node}, ${cores} cores. ${totals(rows)}. Each mutant and the test that kills it: \`mutants.tsv\`.`,
    countsPerFile(rows),
    '## Survived',
    list(rows.filter(({ state }) => state === 'survived')) || 'None.',
    '## Equivalent, and why',
    ...[...reasons].flatMap(([why, own]) => [why, list(own)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function countsPerFile(rows) {
  const lines = [...grouped(rows, ({ file }) => file)].map(([file, own]) => {
    const { killed, equivalent, survived } = counted(own);
    return `| ${file} | ${own.length} | ${killed} | ${equivalent} | ${survived} |`;
  });
  return [
    '| File | Mutants | Killed | Equivalent | Survived |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function grouped(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return groups;
}

function list(rows) {
  return rows
    .map(
      ({ file, place, code, replacement }) =>
        `- ${file}:${place} \`${quoted(code)}\` → \`${quoted(replacement)}\``,
    )
    .join('\n');
}

function quoted(text) {
  return text.replaceAll('`', "'");
}
