/** Options by name: one that is mistyped would be left out without a word. */
import { didYouMean, invalidField } from '@flagstream/protocol';

/** The members of `T`, all of them. */
export type Members<T> = Readonly<Record<keyof Required<T>, true>>;

/** @throws FlagstreamError INVALID_FIELD naming the first option that is none */
export function refuseUnknownOptions<T extends object>(options: T, members: Members<T>): void {
  const [unknown] = unknownMembers(options, members);
  if (unknown === undefined) return;
  const names = Object.keys(members);
  const meant = didYouMean(unknown, names);
  throw invalidField(unknown, `is no option${meant === '' ? `: there are ${names.join(', ')}` : meant}`);
}

/** @throws FlagstreamError INVALID_FIELD for members that the value of this option has not */
export function refuseUnknownMembers<T extends object>(option: string, value: T, members: Members<T>): void {
  const unknown = unknownMembers(value, members);
  if (unknown.length > 0)
    throw invalidField(option, `has only ${Object.keys(members).join(', ')}, not ${unknown.join(', ')}`);
}

function unknownMembers(value: object, members: object): readonly string[] {
  return Object.keys(value).filter((name) => !Object.hasOwn(members, name));
}
