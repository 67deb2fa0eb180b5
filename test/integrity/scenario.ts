/** A scenario: something is damaged or misused, then every check there is looks at it. */

export interface Site {
  /** An empty folder of its own. */
  readonly folder: string;
  /** A nats-server, for who asked for it. */
  readonly natsUrl: string;
  /** A subject and stream prefix nobody else uses. */
  readonly natsPrefix: string;
}

export interface Outcome {
  /** What the checks said. */
  readonly noticed: readonly string[];
  /** What is believed now and is not so; undefined when nothing is. */
  readonly wrong: string | undefined;
}

export interface Scenario {
  /** What happens. */
  readonly name: string;
  /** What the one check says that notices it. */
  readonly noticedAs: RegExp;
  readonly needsNats?: true;
  run(site: Site): Promise<Outcome>;
}

/** Takes a step that a check may refuse; then what it says is noticed, and the answer is undefined. */
export async function noticing<T>(noticed: string[], step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (refusal) {
    noticed.push((refusal as Error).message);
    return undefined;
  }
}
