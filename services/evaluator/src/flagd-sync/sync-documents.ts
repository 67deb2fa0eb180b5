/**
 * flagd's document of each environment: what its flags are compiled to, and the frames that clients are sent.
 *
 * Holds true: a flag is compiled again only when its answers may differ, and a frame is encoded once for all who select
 * the same; while nothing of it changes it is the same object.
 */
import type { FlagUnit, SegmentUnit } from '@flagstream/engine';
import {
  type ExportedFlag,
  FlagdExport,
  type WithheldConstruct,
  type WithheldFlag,
} from '@flagstream/exporters';
import { LIMITS, unitId } from '@flagstream/protocol';
import { FetchAllFlagsResponse, SyncFlagsResponse } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import { ForeignStatus, type Logger } from '@flagstream/runtime';
import { status } from '@grpc/grpc-js';
import { flagSetMetadata } from '../flagd/flag-metadata.ts';
import { selectedPlace } from '../flagd/selected-view.ts';
import { type Selector, selectorWord } from '../flagd/selector.ts';
import type { EnvironmentReplica } from '../state/environment-replica.ts';

/** What a client is to get of an environment. */
export interface DocumentChoice {
  readonly selector: Selector;
  /** Whether flags are left out whose answers depend on how an engine divides subjects. */
  readonly withoutSplits: boolean;
}

/** A document as it leaves; of one that no client would take, why. */
export type SyncDocument =
  | { readonly kind: 'frame'; readonly text: string; readonly frame: Buffer }
  | { readonly kind: 'refused'; readonly error: ForeignStatus };

/** Selectors are the callers' own words: of one environment so many documents are kept, the newest asked for. */
const KEPT_DOCUMENTS = 16;

export class SyncDocuments {
  readonly #logger: Logger;
  readonly #environments = new WeakMap<EnvironmentReplica, EnvironmentDocuments>();
  /** Documents encoded so far. */
  encoded = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  of(environment: EnvironmentReplica, choice: DocumentChoice): SyncDocument {
    return this.#documentsOf(environment).document(choice, () => {
      this.encoded += 1;
    });
  }

  /** Of an environment that somebody has asked for. */
  withheld(environment: EnvironmentReplica): readonly WithheldFlag[] {
    return this.#environments.get(environment)?.withheld ?? [];
  }

  /** The same of all of these, counted by what cannot be told. */
  withheldCounts(environments: Iterable<EnvironmentReplica>): ReadonlyMap<WithheldConstruct, number> {
    const counts = new Map<WithheldConstruct, number>();
    for (const environment of environments)
      for (const { construct } of this.withheld(environment))
        counts.set(construct, (counts.get(construct) ?? 0) + 1);
    return counts;
  }

  #documentsOf(environment: EnvironmentReplica): EnvironmentDocuments {
    let documents = this.#environments.get(environment);
    if (documents === undefined) {
      documents = new EnvironmentDocuments(environment, this.#logger);
      this.#environments.set(environment, documents);
    }
    return documents;
  }
}

class EnvironmentDocuments {
  readonly #environment: EnvironmentReplica;
  readonly #logger: Logger;
  readonly #export: FlagdExport;
  /** Why each flag that was told of is withheld. */
  #told = new Map<string, string>();
  /** That the export stands for. */
  #generation: number | undefined;
  /** Oldest first, by choice, each with the generation that it was last found to be of. */
  readonly #kept = new Map<string, { readonly document: SyncDocument; readonly generation: number }>();

  constructor(environment: EnvironmentReplica, logger: Logger) {
    this.#environment = environment;
    this.#logger = logger;
    this.#export = new FlagdExport(flagSetMetadata(environment.state));
  }

  get withheld(): readonly WithheldFlag[] {
    return this.#export.withheld;
  }

  document(choice: DocumentChoice, onEncode: () => void): SyncDocument {
    const { generation } = this.#environment.state;
    const word = `${choice.withoutSplits}/${selectorWord(choice.selector)}`;
    const kept = this.#kept.get(word);
    if (kept?.generation === generation) return kept.document;
    this.#update(generation);
    const text = this.#text(choice);
    let document = kept?.document;
    if (document === undefined || document.kind === 'refused' || document.text !== text) {
      document = encode(text);
      onEncode();
    }
    this.#keep(word, document, generation);
    return document;
  }

  #update(generation: number): void {
    if (this.#generation === generation) return;
    const affected =
      this.#generation === undefined ? undefined : this.#environment.affectedSince(this.#generation);
    const { units } = this.#environment;
    this.#export.update(
      {
        flag: (key) => units.get(unitId('flag', key)) as FlagUnit | undefined,
        segment: (key) => units.get(unitId('segment', key)) as SegmentUnit | undefined,
        flags: () => flagsOf(units),
      },
      affected,
    );
    this.#generation = generation;
    this.#tell();
  }

  /** By name, so that somebody can write them in another way; once for each reason. */
  #tell(): void {
    const { withheld } = this;
    const before = this.#told;
    this.#told = new Map(withheld.map(({ flagKey, reason }) => [flagKey, reason]));
    const news = withheld.filter(({ flagKey, reason }) => before.get(flagKey) !== reason);
    if (news.length === 0) return;
    const flags = news
      .slice(0, LIMITS.withheldFlagsNamedMax)
      .map(({ flagKey, reason }) => `${flagKey}: ${reason}`);
    this.#logger.warn(
      { ...this.#environment.scope, withheld: news.length, flags },
      'flags that the engines of flagd.sync clients cannot be told exactly are withheld from them',
    );
  }

  #text({ selector, withoutSplits }: DocumentChoice): string {
    const { set } = this.#environment.state;
    const selected = ([key, flag]: readonly [string, ExportedFlag]): ExportedFlag | undefined => {
      const place = selectedPlace(set, selector, key);
      return place === 0 ? flag : this.#export.namesakesOf(key)[place - 1];
    };
    const members = [...this.#export.flags]
      .map(selected)
      .filter((flag) => flag?.outcome === 'exported')
      .filter(({ divides }) => !(withoutSplits && divides))
      .sort((a, b) => (a.flagKey < b.flagKey ? -1 : 1))
      .map(({ flagKey, json }) => `${JSON.stringify(flagKey)}:${json}`);
    return `{"flags":{${members.join(',')}}}`;
  }

  #keep(word: string, document: SyncDocument, generation: number): void {
    this.#kept.delete(word);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= KEPT_DOCUMENTS) this.#kept.delete(oldest);
    this.#kept.set(word, { document, generation });
  }
}

function* flagsOf(units: EnvironmentReplica['units']): Iterable<FlagUnit> {
  for (const unit of units.values()) if ('flag' in unit) yield unit;
}

/** The context that clients lay over each of theirs is empty, and said to be: one that is not said is kept from before. */
function encode(text: string): SyncDocument {
  const frame = Buffer.from(SyncFlagsResponse.encode({ flagConfiguration: text, syncContext: {} }).finish());
  if (frame.length <= LIMITS.flagdDocumentBytesMax) return { kind: 'frame', text, frame };
  const message = `the document is ${frame.length} bytes long, and clients take ${LIMITS.flagdDocumentBytesMax}: select less by flagd-selector, or move flags to another project`;
  return { kind: 'refused', error: new ForeignStatus(status.RESOURCE_EXHAUSTED, message) };
}

/** The same document as the answer of FetchAllFlags. */
export function fetched(text: string): Buffer {
  return Buffer.from(FetchAllFlagsResponse.encode({ flagConfiguration: text }).finish());
}
