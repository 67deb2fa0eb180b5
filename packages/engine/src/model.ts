/**
 * What a flag is, as the engine reads it: the canonical proto JSON of
 * flagstream.v1's Flag, FlagConfig and Segment. Files, other languages and the
 * wire thus share one form. Fields that proto JSON omits are optional here.
 *
 * Place on the path: input of compile. Imported by everybody.
 */

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type FlagKind =
  | 'FLAG_KIND_BOOLEAN'
  | 'FLAG_KIND_STRING'
  | 'FLAG_KIND_NUMBER'
  | 'FLAG_KIND_OBJECT'
  | 'FLAG_KIND_ANY';

/** What an answer's `enabled` says; absent: the flag's switch. */
export type EnabledOverride = 'ENABLED_OVERRIDE_ON' | 'ENABLED_OVERRIDE_OFF';

export interface VariantDefinition {
  readonly key: string;
  readonly value?: JsonValue;
  readonly description?: string;
  readonly enabledOverride?: EnabledOverride;
}

export interface FlagDefinition {
  readonly name?: string;
  readonly kind?: FlagKind;
  readonly variants?: readonly VariantDefinition[];
  /** Variant served while off; absent or "": the caller's default. */
  readonly offVariant?: string;
  readonly tags?: readonly string[];
  readonly clientVisible?: boolean;
  /** Strings, numbers and booleans; they change no answer. */
  readonly metadata?: JsonObject;
  /** Where an imported flag came from; changes no answer either. */
  readonly provenance?: { readonly source?: string };
  /** Of the same key in other flag sets or files, by falling precedence: found by who asks for theirs. */
  readonly namesakes?: readonly NamesakeDefinition[];
  readonly archiveTime?: string;
}

export interface NamesakeDefinition {
  readonly flag?: FlagDefinition;
  readonly config?: FlagConfigDefinition;
}

export type PrerequisiteOutcome =
  | 'PREREQUISITE_OUTCOME_OFF_VARIANT'
  | 'PREREQUISITE_OUTCOME_NEXT_RULE'
  | 'PREREQUISITE_OUTCOME_CODE_DEFAULT'
  | 'PREREQUISITE_OUTCOME_ERROR'
  | 'PREREQUISITE_OUTCOME_VARIANT';

export type PrerequisiteState = 'PREREQUISITE_STATE_ON' | 'PREREQUISITE_STATE_OFF' | 'PREREQUISITE_STATE_ANY';

export type MissingFlagPolicy = 'MISSING_FLAG_POLICY_FAIL' | 'MISSING_FLAG_POLICY_ERROR';

export interface PrerequisiteDefinition {
  readonly flag?: string;
  readonly variants?: readonly string[];
  readonly onFailure?: PrerequisiteOutcome;
  /** Absent: on. */
  readonly state?: PrerequisiteState;
  /** Over the parent's value, as the attribute "value". */
  readonly value?: ConditionDefinition;
  /** Absent: a flag that is not there is refused at compile. */
  readonly missingFlag?: MissingFlagPolicy;
  readonly failureVariant?: string;
}

export interface HoldoutDefinition {
  readonly id?: string;
  readonly description?: string;
  readonly subjects?: GateMatchDefinition;
  /** Absent or "": what the flag serves while off. */
  readonly variant?: string;
}

export interface TargetDefinition {
  readonly variant?: string;
  /** Absent or "": the targeting key. */
  readonly attribute?: string;
  readonly values?: readonly string[];
  readonly contextKind?: string;
}

export type MissPolicy =
  | 'MISS_POLICY_NEXT_RULE'
  | 'MISS_POLICY_VARIANT'
  | 'MISS_POLICY_LAST_ENTRY'
  | 'MISS_POLICY_CODE_DEFAULT'
  | 'MISS_POLICY_ERROR';

export type GateMissingPolicy =
  | 'GATE_MISSING_POLICY_NO_MATCH'
  | 'GATE_MISSING_POLICY_ZERO'
  | 'GATE_MISSING_POLICY_TEXT'
  | 'GATE_MISSING_POLICY_ERROR'
  | 'GATE_MISSING_POLICY_RANDOM';

export type GateCombine = 'GATE_COMBINE_FIRST_PRESENT' | 'GATE_COMBINE_JOIN_PRESENT';

export interface GateDefinition {
  readonly attributes?: readonly string[];
  readonly prefix?: string;
  readonly suffix?: string;
  readonly hash?: string;
  readonly seed?: number;
  readonly encoding?: string;
  readonly normalizer?: string;
  readonly buckets?: number;
  readonly offset?: number;
  readonly upperClosed?: boolean;
  readonly zeroIsNobody?: boolean;
  readonly fullIsClosed?: boolean;
  readonly missing?: GateMissingPolicy;
  readonly missingText?: string;
  readonly stringify?: string;
  readonly contextKind?: string;
  readonly combine?: GateCombine;
  readonly separator?: string;
}

export interface RangeDefinition {
  readonly from?: number;
  readonly to?: number;
}

export interface GateMatchDefinition {
  readonly gate?: GateDefinition;
  readonly ranges?: readonly RangeDefinition[];
  /** Exclusion group: unseeded gates of one group share a seed. */
  readonly group?: string;
  /** In place of ranges. */
  readonly ramp?: RampDefinition;
}

export type RampCurve = 'RAMP_CURVE_LINEAR' | 'RAMP_CURVE_STEPPED';

export interface RampDefinition {
  readonly steps?: readonly RampStepDefinition[];
  readonly curve?: RampCurve;
}

export interface RampStepDefinition {
  /** RFC 3339. */
  readonly time?: string;
  /** Upper end in the gate's numbers. */
  readonly to?: number;
}

export interface SplitEntryDefinition {
  readonly variant?: string;
  /** 1/100000; authoring form. */
  readonly weight?: number;
  readonly ranges?: readonly RangeDefinition[];
  readonly also?: readonly GateMatchDefinition[];
  readonly alsoAlone?: boolean;
}

/** Refused: answers depend on the record, the context and the instant alone. */
export interface StickyAssignmentDefinition {
  readonly attribute?: string;
  readonly bucketVersion?: number;
  readonly minBucketVersion?: number;
}

export interface SplitDefinition {
  readonly gate?: GateDefinition;
  readonly entries?: readonly SplitEntryDefinition[];
  readonly traffic?: readonly GateMatchDefinition[];
  readonly sticky?: StickyAssignmentDefinition;
}

export type Ending = 'ENDING_CODE_DEFAULT' | 'ENDING_ERROR';

/** Exactly one of variant, split, jsonLogic and ending is present. */
export interface ServeDefinition {
  readonly variant?: string;
  readonly split?: SplitDefinition;
  readonly jsonLogic?: JsonValue;
  readonly ending?: Ending;
  readonly onMiss?: MissPolicy;
  readonly missVariant?: string;
  readonly enabledOverride?: EnabledOverride;
}

export type MissingPolicy = 'MISSING_POLICY_NO_MATCH' | 'MISSING_POLICY_NEGATE' | 'MISSING_POLICY_UNKNOWN';

export type MissingSegmentPolicy = 'MISSING_SEGMENT_POLICY_NO_MATCH' | 'MISSING_SEGMENT_POLICY_ERROR';

export interface ComparisonDefinition {
  readonly attribute?: string;
  readonly operator?: string;
  readonly values?: readonly JsonValue[];
  readonly negate?: boolean;
  readonly missing?: MissingPolicy;
  readonly ignoreCase?: boolean;
  readonly dialect?: string;
  readonly salts?: readonly string[];
  /** Kind of context that the attribute is read from; absent: the whole context. */
  readonly contextKind?: string;
}

export interface ConditionListDefinition {
  readonly conditions?: readonly ConditionDefinition[];
}

/** Exactly one member is present, not counting `missingSegment`. */
export interface ConditionDefinition {
  readonly all?: ConditionListDefinition;
  readonly any?: ConditionListDefinition;
  readonly not?: ConditionDefinition;
  readonly compare?: ComparisonDefinition;
  readonly segment?: string;
  readonly prerequisite?: PrerequisiteDefinition;
  readonly gate?: GateMatchDefinition;
  readonly jsonLogic?: JsonValue;
  /** Beside `segment` alone; absent: a segment that is not there is refused at compile. */
  readonly missingSegment?: MissingSegmentPolicy;
}

export interface WindowDefinition {
  /** RFC 3339. */
  readonly start?: string;
  readonly end?: string;
  readonly endInclusive?: boolean;
}

export interface RuleDefinition {
  readonly id?: string;
  readonly description?: string;
  readonly condition?: ConditionDefinition;
  readonly serve?: ServeDefinition;
  readonly prerequisites?: readonly PrerequisiteDefinition[];
  readonly window?: WindowDefinition;
}

export interface FlagConfigDefinition {
  readonly name?: string;
  readonly enabled?: boolean;
  readonly offVariant?: string;
  readonly prerequisites?: readonly PrerequisiteDefinition[];
  readonly targets?: readonly TargetDefinition[];
  readonly rules?: readonly RuleDefinition[];
  readonly fallthrough?: ServeDefinition;
  readonly holdouts?: readonly HoldoutDefinition[];
  readonly prerequisitesBeforeSwitch?: boolean;
  /** Semantics of the JSONLogic expressions; absent or "": "flagd". */
  readonly jsonLogicDialect?: string;
}

export interface SegmentDefinition {
  readonly name?: string;
  readonly attribute?: string;
  readonly included?: readonly string[];
  readonly excluded?: readonly string[];
  readonly condition?: ConditionDefinition;
  readonly contextKind?: string;
  readonly includedFirst?: boolean;
  /** Members held in parts; the caller resolves them into extra lists. */
  readonly parts?: readonly {
    readonly sha256?: string;
    readonly members?: number;
    readonly excluded?: boolean;
  }[];
}
