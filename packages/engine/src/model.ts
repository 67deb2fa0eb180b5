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

export type FlagKind = 'FLAG_KIND_BOOLEAN' | 'FLAG_KIND_STRING' | 'FLAG_KIND_NUMBER' | 'FLAG_KIND_OBJECT';

export interface VariantDefinition {
  readonly key: string;
  readonly value?: JsonValue;
  readonly description?: string;
}

export interface FlagDefinition {
  readonly name?: string;
  readonly kind?: FlagKind;
  readonly variants?: readonly VariantDefinition[];
  /** Variant served while off; absent or "": the caller's default. */
  readonly offVariant?: string;
  readonly tags?: readonly string[];
  readonly clientVisible?: boolean;
  readonly archiveTime?: string;
}

export type PrerequisiteOutcome =
  | 'PREREQUISITE_OUTCOME_OFF_VARIANT'
  | 'PREREQUISITE_OUTCOME_NEXT_RULE'
  | 'PREREQUISITE_OUTCOME_CODE_DEFAULT'
  | 'PREREQUISITE_OUTCOME_ERROR';

export interface PrerequisiteDefinition {
  readonly flag?: string;
  readonly variants?: readonly string[];
  readonly onFailure?: PrerequisiteOutcome;
}

export interface TargetDefinition {
  readonly variant?: string;
  /** Absent or "": the targeting key. */
  readonly attribute?: string;
  readonly values?: readonly string[];
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
}

export interface RangeDefinition {
  readonly from?: number;
  readonly to?: number;
}

export interface GateMatchDefinition {
  readonly gate?: GateDefinition;
  readonly ranges?: readonly RangeDefinition[];
}

export interface SplitEntryDefinition {
  readonly variant?: string;
  /** 1/100000; authoring form. */
  readonly weight?: number;
  readonly ranges?: readonly RangeDefinition[];
  readonly also?: readonly GateMatchDefinition[];
}

export interface SplitDefinition {
  readonly gate?: GateDefinition;
  readonly entries?: readonly SplitEntryDefinition[];
  readonly traffic?: readonly GateMatchDefinition[];
}

export interface ServeDefinition {
  readonly variant?: string;
  readonly split?: SplitDefinition;
  readonly onMiss?: MissPolicy;
  readonly missVariant?: string;
}

export type MissingPolicy = 'MISSING_POLICY_NO_MATCH' | 'MISSING_POLICY_NEGATE';

export interface ComparisonDefinition {
  readonly attribute?: string;
  readonly operator?: string;
  readonly values?: readonly JsonValue[];
  readonly negate?: boolean;
  readonly missing?: MissingPolicy;
  readonly ignoreCase?: boolean;
  readonly dialect?: string;
  readonly salts?: readonly string[];
}

export interface ConditionListDefinition {
  readonly conditions?: readonly ConditionDefinition[];
}

/** Exactly one member is present. */
export interface ConditionDefinition {
  readonly all?: ConditionListDefinition;
  readonly any?: ConditionListDefinition;
  readonly not?: ConditionDefinition;
  readonly compare?: ComparisonDefinition;
  readonly segment?: string;
  readonly prerequisite?: PrerequisiteDefinition;
  readonly gate?: GateMatchDefinition;
  readonly jsonLogic?: JsonValue;
}

export interface WindowDefinition {
  /** RFC 3339. */
  readonly start?: string;
  readonly end?: string;
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
}

export interface SegmentDefinition {
  readonly name?: string;
  readonly attribute?: string;
  readonly included?: readonly string[];
  readonly excluded?: readonly string[];
  readonly condition?: ConditionDefinition;
  /** Members held in parts; the caller resolves them into extra lists. */
  readonly parts?: readonly {
    readonly sha256?: string;
    readonly members?: number;
    readonly excluded?: boolean;
  }[];
}
