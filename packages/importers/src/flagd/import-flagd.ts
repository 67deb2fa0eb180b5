/**
 * Reads a flagd document (https://flagd.dev/schema/v0).
 *
 * Place on the path: a file, or a source that flagd would follow, to the
 * engine's units. What holds: a document that makes flagd keep its old state
 * is rejected; every other flaw costs at most the flag that has it.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import type {
  ImportedFlag,
  ImportNote,
  ImportOptions,
  ImportResult,
  ImportSource,
  Refusal,
} from '../import-report.ts';
import { isJsonObject, member, placeIn, wordFor } from '../json-shape.ts';
import { decodedMember, decodedPresentMember, undecodedMembers } from './decoded-member.ts';
import { FLAGD_DIALECTS } from './dialect.ts';
import { Evaluators } from './evaluators.ts';
import { mergeMetadata } from './metadata.ts';
import { type FlagSetFacts, readFlag, UNREAD } from './read-flag.ts';

export function importFlagd(source: ImportSource, options: ImportOptions = {}): ImportResult {
  let document: JsonValue;
  try {
    document = typeof source === 'string' ? (JSON.parse(source) as JsonValue) : source;
  } catch (error) {
    return rejected(
      '',
      `The document is not JSON: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  if (!isJsonObject(document))
    return rejected('', `The document must be an object, not ${wordFor(document)}.`);
  return new FlagdReader(document, options).read();
}

function rejected(path: string, reason: string): ImportResult {
  return { outcome: 'rejected', path, reason };
}

/** An evaluator, or the targeting of a flag of an object or a list. */
const IN_RULE = /^(?:\$evaluators|flags(?:\.(?:[\w$-]+|"(?:[^"\\]|\\.)*")|\[\d+\])\.targeting)\b/i;
const MEMBERS = ['$schema', '$evaluators', 'flags', 'metadata'];

/** One flag as it stands in the document. */
interface Written {
  readonly key: string;
  readonly path: string;
  readonly flag: JsonValue;
}

class FlagdReader {
  readonly #document: JsonObject;
  readonly #dialect: string;
  readonly #flagSetsApart: boolean;
  readonly #flags: ImportedFlag[] = [];
  readonly #refused: Refusal[] = [];
  readonly #notes: ImportNote[] = [];

  constructor(document: JsonObject, options: ImportOptions) {
    this.#document = document;
    this.#dialect = FLAGD_DIALECTS[options.fractional ?? 'v2'];
    this.#flagSetsApart = options.flagSetsApart ?? false;
  }

  read(): ImportResult {
    const evaluators = decodedPresentMember(this.#document, '$evaluators') ?? {};
    if (!isJsonObject(evaluators))
      return rejected('$evaluators', `"$evaluators" must be an object, not ${wordFor(evaluators)}.`);
    const empty = Object.entries(evaluators).find(([, evaluator]) => isEmptyEvaluator(evaluator));
    if (empty !== undefined)
      return rejected(
        placeIn('$evaluators', empty[0]),
        `The evaluator "${empty[0]}" is empty; flagd rejects such a document.`,
      );
    const metadata = decodedPresentMember(this.#document, 'metadata') ?? {};
    if (!isJsonObject(metadata))
      return rejected('metadata', `"metadata" must be an object, not ${wordFor(metadata)}.`);
    const flags = decodedMember(this.#document, 'flags');
    if (flags === undefined) return rejected('flags', 'The document has no "flags"; flagd rejects it.');
    if (typeof flags !== 'object')
      return rejected('flags', `"flags" must be an object or a list, not ${wordFor(flags)}.`);
    for (const name of undecodedMembers(this.#document, MEMBERS)) this.#note(placeIn('', name), UNREAD);
    return this.#readFlags(flags, new Evaluators(evaluators, this.#unknownEvaluator), {
      metadata: mergeMetadata({}, metadata, 'metadata', this.#note),
      dialect: this.#dialect,
    });
  }

  #readFlags(
    flags: JsonObject | readonly JsonValue[] | null,
    evaluators: Evaluators,
    set: FlagSetFacts,
  ): ImportResult {
    if (flags === null) this.#note('flags', 'is null: the document holds no flag');
    const written = flags === null ? [] : isList(flags) ? this.#listed(flags, set) : keyed(flags);
    for (const { key, path, flag } of written) {
      const substituted = evaluators.substitute(flag, path);
      if ('obstacle' in substituted) {
        this.#refuse(key, substituted.obstacle);
        continue;
      }
      // Of null flagd makes a flag without anything.
      const members = substituted.value ?? {};
      if (!isJsonObject(members)) {
        const reason = `A flag is an object, not ${wordFor(members)}.`;
        this.#refuse(key, { path, construct: 'flag', reason });
        continue;
      }
      const read = readFlag(key, members, path, set, this.#note);
      if (read.outcome === 'rejected') return read;
      if (read.outcome === 'refused') this.#refuse(key, read.obstacle);
      else this.#flags.push(read.flag);
    }
    return {
      outcome: 'imported',
      flags: this.#flags,
      segments: [],
      report: { refused: this.#refused, notes: this.#notes },
    };
  }

  /** Flags of a list that count. */
  #listed(list: readonly JsonValue[], set: FlagSetFacts): readonly Written[] {
    const all: Written[] = [];
    const byKey = new Map<string, Written[]>();
    list.forEach((flag, index) => {
      const path = placeIn('flags', index);
      const key = isJsonObject(flag) ? decodedPresentMember(flag, 'key') : undefined;
      if (typeof key !== 'string') {
        this.#refuse('', {
          path,
          construct: 'flag without a key',
          reason: 'A flag of a list needs a "key".',
        });
        return;
      }
      const written = { key, path, flag };
      all.push(written);
      byKey.set(key, [...(byKey.get(key) ?? []), written]);
    });
    const counting = new Set([...byKey.values()].flatMap((same) => this.#counting(same, set)));
    return all.filter((written) => counting.has(written));
  }

  /** Of flags with one key in one flag set the last counts; in several flag sets they are different flags. */
  #counting(same: readonly Written[], set: FlagSetFacts): readonly Written[] {
    const last = same.at(-1);
    if (last === undefined || same.length === 1) return same;
    const bySet = new Map<string, readonly Written[]>();
    for (const written of same) {
      const flagSetId = flagSetOf(written.flag, set);
      bySet.set(flagSetId, [...(bySet.get(flagSetId) ?? []), written]);
    }
    if (bySet.size > 1 && !this.#flagSetsApart) {
      this.#refuse(last.key, {
        path: last.path,
        construct: 'flagSetId',
        reason: `The key stands in several flag sets (${[...bySet.keys()].map((id) => JSON.stringify(id)).join(', ')}); import each flag set by itself.`,
      });
      return [];
    }
    return [...bySet.values()].map((flags) => {
      const counts = flags.at(-1)!;
      if (flags.length > 1)
        this.#note(
          counts.path,
          `is the ${flags.length}. flag of the key "${counts.key}": the last one counts`,
        );
      return counts;
    });
  }

  readonly #note = (path: string, message: string): void => {
    this.#notes.push({ path, message });
  };

  /** Of a flag only in its targeting: elsewhere it is a value like any other. */
  readonly #unknownEvaluator = (path: string, name: string): void => {
    if (!IN_RULE.test(path)) return;
    const named = JSON.stringify(name);
    this.#note(path, `names ${named}, which "$evaluators" has not: the rule fails where it is evaluated`);
  };

  #refuse(flag: string, obstacle: Omit<Refusal, 'flag'>): void {
    this.#refused.push({ flag, ...obstacle });
  }
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function keyed(flags: JsonObject): readonly Written[] {
  return Object.entries(flags).map(([key, flag]) => ({ key, path: placeIn('flags', key), flag }));
}

/** As in flagd, a flag's own hides that of the set, and what is no text is none. */
function flagSetOf(flag: JsonValue, set: FlagSetFacts): string {
  const own = isJsonObject(flag) ? decodedPresentMember(flag, 'metadata') : undefined;
  const id = [own, set.metadata]
    .filter(isJsonObject)
    .map((metadata) => member(metadata, 'flagSetId'))
    .find((value) => value !== undefined);
  return typeof id === 'string' ? id : '';
}

/** flagd calls an evaluator empty whose text has less than three characters. */
function isEmptyEvaluator(evaluator: JsonValue): boolean {
  if (typeof evaluator === 'number') return String(evaluator).length < 3;
  if (typeof evaluator === 'string') return evaluator === '';
  return typeof evaluator === 'object' && evaluator !== null && Object.keys(evaluator).length === 0;
}
