/**
 * The flags of several flagd files as those of one environment. flagd keeps flags apart by flag set, file and key: of one
 * key the last file's flag answers, and the others stand behind it for callers who select theirs.
 */
import { ENGINE_LIMITS } from '@flagstream/engine';
import { fitProblem } from './flag-fit.ts';
import { type FlagdFlag, type FlagdFlags, flagSetOf } from './read-flagd-text.ts';

const NAMESAKES_MAX = ENGINE_LIMITS['namesakesPerFlag']!;

interface MergedFlags {
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
    hidden.push(...lost.map((reason) => `flag ${JSON.stringify(key)} of ${reason}`));
  }
  return { flags: merged, hidden };
}

interface WithNamesakes {
  readonly flag: FlagdFlag;
  /** Those that do not fit, and why. */
  readonly lost: readonly string[];
}

function withNamesakes(first: FlagdFlag, behind: readonly FlagdFlag[]): WithNamesakes {
  let flag = first;
  const lost: string[] = [];
  for (const namesake of behind) {
    const { namesakes } = flag.flag;
    const longer = { ...flag, flag: { ...flag.flag, namesakes: [...namesakes, { ...namesake }] } };
    const reason =
      namesakes.length >= NAMESAKES_MAX
        ? `more than ${NAMESAKES_MAX} others have its key.`
        : fitProblem(longer);
    if (reason === undefined) flag = longer;
    else lost.push(`${placeOf(namesake)} cannot be selected, as all of one key are kept together: ${reason}`);
  }
  return { flag, lost };
}

/** "a.json (flag set \"shop\")" */
function placeOf(flagd: FlagdFlag): string {
  const flagSetId = flagSetOf(flagd);
  const source = flagd.flag.provenance?.source ?? '';
  return flagSetId === '' ? source : `${source} (flag set ${JSON.stringify(flagSetId)})`;
}
