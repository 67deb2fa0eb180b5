/** Flags and their configurations in few words. */
import {
  Ending,
  type Flag,
  type FlagConfig,
  FlagKind,
  type Serve,
  type Variant,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { percentText } from './percent.ts';

const CODE_DEFAULT = "the caller's default";

const KIND_WORDS: Readonly<Record<FlagKind, string>> = {
  [FlagKind.UNSPECIFIED]: '',
  [FlagKind.BOOLEAN]: 'boolean',
  [FlagKind.STRING]: 'string',
  [FlagKind.NUMBER]: 'number',
  [FlagKind.OBJECT]: 'object',
  [FlagKind.ANY]: 'any',
};

export const KIND_NAMES: readonly string[] = Object.values(KIND_WORDS).filter((word) => word !== '');

export function kindText(kind: FlagKind): string {
  return KIND_WORDS[kind];
}

/** The kind that a word names, or undefined. */
export function kindOfWord(word: string): FlagKind | undefined {
  const entry = Object.entries(KIND_WORDS).find(([, name]) => name === word && word !== '');
  return entry === undefined ? undefined : (Number(entry[0]) as FlagKind);
}

/** The last part of a resource name: "projects/shop/flags/new-checkout" is new-checkout. */
export function keyOfName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

export function stateText(config: FlagConfig): string {
  return config.enabled ? 'on' : 'off';
}

/** What a serve gives: "on", or "on 10%, off 90%". */
export function serveText(serve: Serve | undefined): string {
  switch (serve?.outcome?.$case) {
    case 'variant':
      return serve.outcome.value;
    case 'split':
      return serve.outcome.value.entries
        .map((entry) => `${entry.variant} ${percentText(entry.weight)}`)
        .join(', ');
    case 'jsonLogic':
      return 'by JSONLogic';
    case 'ending':
      return serve.outcome.value === Ending.ERROR ? 'an error' : CODE_DEFAULT;
    default:
      return CODE_DEFAULT;
  }
}

/** "2 rules, else on 10%, off 90%" */
export function configText(config: FlagConfig): string {
  const parts: string[] = [];
  if (config.prerequisites.length > 0)
    parts.push(`needs ${config.prerequisites.map(({ flag }) => flag).join(', ')}`);
  if (config.holdouts.length > 0) parts.push(counted(config.holdouts.length, 'holdout'));
  if (config.targets.length > 0) parts.push(counted(config.targets.length, 'target'));
  if (config.rules.length > 0) parts.push(counted(config.rules.length, 'rule'));
  const last = serveText(config.fallthrough);
  return parts.length === 0 ? last : `${parts.join(', ')}, else ${last}`;
}

/** Values are JSON; of a long one the beginning is enough. */
function variantText(variant: Variant): string {
  return `${variant.key}=${JSON.stringify(variant.value) ?? ''}`;
}

export function variantsText(flag: Flag): string {
  return flag.variants.map(variantText).join(', ');
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
