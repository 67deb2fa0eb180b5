/**
 * Attributes that one compile run has parsed: thousands of flags read the same
 * few attributes, and share them.
 *
 * Place on the path: made per compile run, used through Scope.
 */
import { type AttributePath, parseAttribute } from '../attribute-path.ts';
import type { ProblemList } from '../problem.ts';

export class AttributePool {
  readonly #byText = new Map<string, AttributePath>();

  /** Reports a bad path, each time that it is used. */
  get(attribute: string, kind: string, path: string, problems: ProblemList): AttributePath {
    // The length keeps kind and attribute apart, whatever they contain.
    const text = `${kind.length} ${kind}${attribute}`;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    let good = true;
    const parsed = parseAttribute(attribute, kind, path, {
      add: (...problem) => {
        good = false;
        problems.add(...problem);
      },
    });
    if (good) this.#byText.set(text, parsed);
    return parsed;
  }
}
