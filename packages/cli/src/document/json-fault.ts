/**
 * Where a text stops being JSON. The runtime's parser says it in words that
 * change between versions, and for some faults not at all. Pure.
 */

export interface JsonFault {
  /** In UTF-16 units from 0; the length of the text when it ends too early. */
  readonly offset: number;
  /** What could stand there: "a comma or ]". */
  readonly expected: string;
}

const QUOTE = /"/y;
const BLANK = /[ \t\n\r]*/y;
/** A text up to its end, an escape, or a character that must be escaped. */
const PLAIN = /[ !#-[\]-\uffff]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const END = { '{': '}', '[': ']' } as const;

const EXPECTED = {
  value: 'a value',
  first: 'a value or ]',
  key: 'a name in double quotes',
  firstKey: 'a name in double quotes or }',
  colon: 'a colon',
  more: 'a comma or ',
  text: 'a double quote, or a valid character of the text',
  nothing: 'nothing more',
} as const;

type State = keyof typeof EXPECTED;

/** The first fault, or undefined for JSON text. */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  let offset = 0;
  const take = (token: RegExp): boolean => {
    token.lastIndex = offset;
    if (!token.test(text)) return false;
    offset = token.lastIndex;
    return true;
  };
  /** The state after a text: `then`, or that of a text with a fault. */
  const afterText = (then: State): State => {
    // One expression for a whole text would need the stack for a long one.
    do take(PLAIN);
    while (take(ESCAPE));
    return take(QUOTE) ? then : 'text';
  };
  const afterValue = (): State => (open.length === 0 ? 'nothing' : 'more');
  for (;;) {
    if (state !== 'text') take(BLANK);
    if (state === 'nothing' && offset === text.length) return undefined;
    const innermost = open.at(-1);
    const char = text[offset];
    const closes = innermost !== undefined && char === END[innermost];
    if (closes && (state === 'more' || state === 'first' || state === 'firstKey')) {
      open.pop();
      offset += 1;
      state = afterValue();
    } else if (state === 'more' && char === ',') {
      offset += 1;
      state = innermost === '{' ? 'key' : 'value';
    } else if (state === 'colon' && char === ':') {
      offset += 1;
      state = 'value';
    } else if ((state === 'key' || state === 'firstKey') && take(QUOTE)) {
      state = afterText('colon');
    } else if ((state === 'value' || state === 'first') && (char === '{' || char === '[')) {
      open.push(char);
      offset += 1;
      state = char === '{' ? 'firstKey' : 'first';
    } else if ((state === 'value' || state === 'first') && take(QUOTE)) {
      state = afterText(afterValue());
    } else if ((state === 'value' || state === 'first') && take(LITERAL)) {
      state = afterValue();
    } else {
      return { offset, expected: EXPECTED[state] + (state === 'more' && innermost ? END[innermost] : '') };
    }
  }
}
