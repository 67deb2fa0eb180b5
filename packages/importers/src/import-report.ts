/**
 * What every importer answers: the flags in the engine's terms, and what it
 * could not take over.
 *
 * Place on the path: between a document of another system and compile. What
 * holds: an importer never throws. A construct that would not mean exactly the
 * same here is refused, with its flag, and the other flags stay usable.
 */
import type { FlagDefinition, FlagUnit, JsonObject, JsonValue, SegmentUnit } from '@flagstream/engine';

/** Where a flag came from, as flagstream.v1.Provenance in proto JSON. */
export interface ProvenanceDefinition {
  readonly system: string;
  readonly documentVersion: string;
  /** Dialects whose semantics the flag needs. */
  readonly dialects: readonly string[];
  /** The release whose answers were taken as the measure. */
  readonly reference: string;
  /** The file that the flag is served from: whoever serves it says so, an importer knows no file. */
  readonly source?: string;
}

export interface ImportedFlagDefinition extends FlagDefinition {
  readonly provenance: ProvenanceDefinition;
  /** Strings, numbers and booleans. */
  readonly metadata?: JsonObject;
}

export interface ImportedFlag extends FlagUnit {
  /** As the document has it: it need not be a key that the control plane takes. */
  readonly key: string;
  readonly flag: ImportedFlagDefinition;
}

/** A flag that was left out. */
export interface Refusal {
  readonly flag: string;
  /** Into the document: "flags.banner.targeting.if[0]". */
  readonly path: string;
  /** What could not be taken over: "$ref", "metadata", an operator. */
  readonly construct: string;
  /** One sentence. */
  readonly reason: string;
}

/** Something that a person should know, and that changes no answer. */
export interface ImportNote {
  readonly path: string;
  readonly message: string;
}

export interface ImportReport {
  readonly refused: readonly Refusal[];
  readonly notes: readonly ImportNote[];
}

export type ImportResult =
  | {
      readonly outcome: 'imported';
      /** In the order of the document, each key once, or once in each flag set where these are told apart. */
      readonly flags: readonly ImportedFlag[];
      readonly segments: readonly SegmentUnit[];
      readonly report: ImportReport;
    }
  /** The other system would not take the document either: nothing of it is used. */
  | { readonly outcome: 'rejected'; readonly path: string; readonly reason: string };

/** JSON text, or a document that was parsed already. */
export type ImportSource = string | JsonValue;

/** How flagd's `fractional` maps users to variants; the versions place them differently. */
export type FractionalVersion = 'v1' | 'v2' | 'v3';

export interface ImportOptions {
  /** Of flagd: v2 when absent, as flagd 0.15 and later. */
  readonly fractional?: FractionalVersion;
  /** Of flagd: flags of one key in several flag sets are all taken over; else none of them is. */
  readonly flagSetsApart?: boolean;
}

/** Never throws. */
export type Importer = (source: ImportSource, options?: ImportOptions) => ImportResult;
