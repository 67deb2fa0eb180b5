/**
 * What bounds the engine: every definition and every context is foreign input.
 *
 * Place on the path: read by compile (definitions) and by the operators and
 * gates (contexts). What holds: the worst case of each flag over usual values
 * was added up when it compiled. Only what a context makes large, arrays, long
 * texts and the work of JSONLogic, is counted while a flag is evaluated.
 */

interface EngineLimits {
  /** Nesting of conditions: deeper trees are generated, not written, and recursion must stay far from the stack's end. */
  readonly conditionDepth: number;
  /** Conditions of one flag or segment: what a person can still review, times ten. */
  readonly conditionNodes: number;
  /** Values of one comparison or target: longer lists belong in a segment. */
  readonly listItems: number;
  /** Members of one segment, parts included: about 100 MB of heap. */
  readonly segmentMembers: number;
  /** UTF-16 units of a regular expression. */
  readonly regexChars: number;
  /** Instructions of a compiled expression: its cost per input character is linear in them. */
  readonly regexInstructions: number;
  /** UTF-16 units of text given to a regular expression: with the limit above, at most some 10 ms. */
  readonly regexInputChars: number;
  /** UTF-16 units of context text that text operators and gates read; longer text counts as absent. */
  readonly contextStringChars: number;
  /** Elements of a context array that an operator reads; the rest is not looked at. */
  readonly contextItems: number;
  /** UTF-16 units of an operand, a target or a segment member. */
  readonly operandChars: number;
  /** UTF-16 units of an attribute path. */
  readonly attributeChars: number;
  /** UTF-16 units of a gate's prefix or suffix: with the context text they bound the hash buffer. */
  readonly gateTextChars: number;
  /** Attributes that one gate may try in turn. */
  readonly gateAttributes: number;
  /** UTF-16 units of the name of an exclusion group: it becomes a gate's prefix. */
  readonly groupChars: number;
  readonly holdoutsPerFlag: number;
  /** Steps of one ramp: a month in days, with room. */
  readonly rampSteps: number;
  /** While a ramp moves, watchers look again after this long: often enough to see it, not at each bucket. */
  readonly rampTickMs: number;
  /** Gates of one split's traffic, or beside one entry. */
  readonly gatesPerList: number;
  readonly rulesPerFlag: number;
  readonly targetsPerFlag: number;
  readonly variantsPerFlag: number;
  readonly prerequisitesPerList: number;
  readonly entriesPerSplit: number;
  /** Ranges of one entry or gate: reweighting cuts ranges, each edit adds a few. */
  readonly rangesPerList: number;
  /** Ranges of all entries of a split: the walk reads them one by one, and reweighting sorts them. */
  readonly rangesPerSplit: number;
  /** Flags and segments that refer to each other in a chain: bounds recursion across entities. */
  readonly referenceDepth: number;
  /** Worst-case steps of one evaluation, everything it refers to included: a few milliseconds. */
  readonly evaluationSteps: number;
  /** Values of one JSONLogic expression, items of lists included: about half of the largest configuration. */
  readonly expressionNodes: number;
  /** Nesting of a JSONLogic expression: a chain of fifty else-ifs; recursion must stay far from the stack's end. */
  readonly expressionDepth: number;
  /** UTF-16 units of text that a JSONLogic expression makes. */
  readonly expressionTextChars: number;
  /** Facts of a flag's metadata: they travel with every answer of the flagd and OFREP interfaces. */
  readonly metadataEntries: number;
  /** UTF-16 units of the names and values of a flag's metadata. */
  readonly metadataChars: number;
  /** Flags of one key in so many flag sets or files; what a selector names is looked for among them. */
  readonly namesakesPerFlag: number;
  /** UTF-16 units of a variant's value as JSON: values travel to every client. */
  readonly valueChars: number;
  /** Nesting of a variant's value. */
  readonly valueDepth: number;
}

export const LIMITS: EngineLimits = Object.freeze({
  conditionDepth: 20,
  conditionNodes: 1_000,
  listItems: 10_000,
  segmentMembers: 1_000_000,
  regexChars: 256,
  regexInstructions: 300,
  regexInputChars: 1_024,
  contextStringChars: 8_192,
  contextItems: 1_000,
  operandChars: 4_096,
  attributeChars: 256,
  gateTextChars: 256,
  gateAttributes: 16,
  groupChars: 128,
  holdoutsPerFlag: 16,
  rampSteps: 100,
  rampTickMs: 1_000,
  gatesPerList: 16,
  rulesPerFlag: 500,
  targetsPerFlag: 250,
  variantsPerFlag: 250,
  prerequisitesPerList: 50,
  entriesPerSplit: 250,
  rangesPerList: 1_000,
  rangesPerSplit: 2_000,
  referenceDepth: 20,
  evaluationSteps: 100_000,
  expressionNodes: 20_000,
  expressionDepth: 150,
  expressionTextChars: 65_536,
  metadataEntries: 64,
  metadataChars: 8_192,
  namesakesPerFlag: 100,
  valueChars: 65_536,
  valueDepth: 32,
});

/** The limits by name, for messages, documentation and the JSON Schema. */
export const ENGINE_LIMITS: Readonly<Record<string, number>> = Object.freeze({ ...LIMITS });
