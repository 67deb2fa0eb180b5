/**
 * Completion scripts. Each holds the words of every command and needs nothing
 * at run time: completing starts no process.
 */
import type { CommandWords, Word } from './command-words.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, tree: readonly CommandWords[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(tree);
    case 'zsh':
      return zshScript(tree);
    case 'fish':
      return fishScript(tree);
  }
}

function bashScript(tree: readonly CommandWords[]): string {
  return `# flagstream completion for bash: source <(flagstream completion bash)
_flagstream() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${pathsPattern(tree)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${valueCases(tree)}
    *) case "$at" in
${wordCases(tree)}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _flagstream flagstream`;
}

function zshScript(tree: readonly CommandWords[]): string {
  return `#compdef flagstream
# flagstream completion for zsh: flagstream completion zsh > "\${fpath[1]}/_flagstream"
_flagstream() {
  local at="" prev="\${words[CURRENT-1]}" i
  local -a choices
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${pathsPattern(tree)}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at $prev" in
${valueCases(tree, (values) => `choices=(${values.map(quoted).join(' ')})`)}
    *) case "$at" in
${tree.map((each) => `      ${pathPattern(each)}) choices=(${describedWords(each)}) ;;`).join('\n')}
    esac ;;
  esac
  if (( \${#choices} )); then _describe 'flagstream' choices; else _files; fi
}
compdef _flagstream flagstream`;
}

function fishScript(tree: readonly CommandWords[]): string {
  const paths = tree.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  const head = `# flagstream completion for fish: flagstream completion fish > ~/.config/fish/completions/flagstream.fish
function __flagstream_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$at $word")
    if contains -- "$next" ${paths.join(' ')}
      set at $next
    end
  end
  test "$at" = "$argv[1]"
end
complete -c flagstream -f`;
  const lines = tree.flatMap((each) => {
    const when = `complete -c flagstream -n ${quoted(`__flagstream_at ${quoted(each.path)}`)}`;
    return [
      ...each.commands.map(({ word, description }) => `${when} -a ${quoted(word)} -d ${quoted(description)}`),
      ...each.values.map((value) => `${when} -a ${quoted(value)}`),
      ...each.options.map(({ word, description }) => {
        const values = each.optionValues.find(({ names }) => names.includes(word))?.values;
        const taken = values === undefined ? '' : ` -x -a ${quoted(values.join(' '))}`;
        return `${when} ${fishOption(word)} -d ${quoted(description)}${taken}`;
      }),
    ];
  });
  return [head, ...lines].join('\n');
}

function fishOption(word: string): string {
  return word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
}

/** Every path but the root's, as alternatives of a case. */
function pathsPattern(tree: readonly CommandWords[]): string {
  return tree
    .filter(({ path }) => path !== '')
    .map(pathPattern)
    .join('|');
}

function pathPattern({ path }: CommandWords): string {
  return path === '' ? '""' : `" ${path}"`;
}

function valueCases(
  tree: readonly CommandWords[],
  statement: (values: readonly string[]) => string = (values) => `words=${quoted(values.join(' '))}`,
): string {
  return tree
    .flatMap(({ path, optionValues }) =>
      optionValues.map(({ names, values }) => {
        const at = path === '' ? '' : ` ${path}`;
        return `    ${names.map((name) => `"${at} ${name}"`).join('|')}) ${statement(values)} ;;`;
      }),
    )
    .join('\n');
}

function wordCases(tree: readonly CommandWords[]): string {
  return tree
    .map((each) => {
      const words = [
        ...each.commands.map(({ word }) => word),
        ...each.values,
        ...each.options.map(({ word }) => word),
      ];
      return `      ${pathPattern(each)}) words=${quoted(words.join(' '))} ;;`;
    })
    .join('\n');
}

/** zsh reads "word:description". */
function describedWords(each: CommandWords): string {
  const described = ({ word, description }: Word): string =>
    quoted(`${word.replace(/:/g, '\\:')}:${description}`);
  return [...each.commands.map(described), ...each.values.map(quoted), ...each.options.map(described)].join(
    ' ',
  );
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
