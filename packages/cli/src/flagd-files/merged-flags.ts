/**
 * The flags of several flagd files as those of one environment. flagd keeps flags apart by flag set, file and key: of one
 * key the last file's flag answers, and the others stand behind it for callers who select theirs.
 */
import { ENGINE_LIMITS } from '@flagstream/engine';
import { fitProblem } from './flag-fit.ts';
import type { FlagdFlag, FlagdFlags } from './read-flagd-text.ts';

const NAMESAKES_MAX = ENGINE_LIMITS['namesakesPerFlag']!;

export interface MergedFlags {
  readonly flags: ReadonlyMap<string, FlagdFlag>;
  /** Flags that nobody can select, one sentence each. */
  readonly hidden: readonly string[];
}

/** @param files in their order, of which the last comes first */
export function mergedFlags(files: Iterable<FlagdFlags>): MergedFlags {
  const byKey = new Map<string, FlagdFlag[]>();
  for (const { flags, namesakes } of [...files].reverse())
    for (const [key, flag] of flags)
      byKey.set(key, [...(byKey.get(key) ?? []), flag, ...(namesakes.get(key) ?? [])]);
  const merged = new Map<string, FlagdFlag>();
  const hidden: string[] = [];
  for (const [key, [first, ...behind]] of byKey) {
    const { flag, lost } = withNamesakes(first!, behind);
    merged.set(key, flag);
    if (lost !== undefined)
      hidden.push(
        `flag ${JSON.stringify(key)} of ${sourcesOf(lost.flags)} cannot be selected: ${lost.reason}`,
      );
  }
  return { flags: merged, hidden };
}

interface WithNamesakes {
  readonly flag: FlagdFlag;
  readonly lost: { readonly flags: readonly FlagdFlag[]; readonly reason: string } | undefined;
}

function withNamesakes(first: FlagdFlag, behind: readonly FlagdFlag[]): WithNamesakes {
  if (behind.length === 0) return { flag: first, lost: undefined };
  let flag = first;
  for (const [index, namesake] of behind.entries()) {
    const longer = { ...flag, flag: { ...flag.flag, namesakes: [...flag.flag.namesakes, { ...namesake }] } };
    const reason =
      index >= NAMESAKES_MAX ? `more than ${NAMESAKES_MAX} flags have its key.` : fitProblem(longer);
    if (reason !== undefined) return { flag, lost: { flags: behind.slice(index), reason } };
    flag = longer;
  }
  return { flag, lost: undefined };
}

function sourcesOf(flags: readonly FlagdFlag[]): string {
  return [...new Set(flags.map(({ flag }) => flag.provenance?.source ?? ''))].join(', ');
}
