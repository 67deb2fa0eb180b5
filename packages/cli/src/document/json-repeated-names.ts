/** Names that stand in one object of a JSON text more than once: parsers take the last without a word. Pure. */

export interface RepeatedName {
  /** "flags.banner.state" */
  readonly path: string;
  readonly times: number;
}

interface Level {
  /** Of an object: how often each name stood there. Undefined: a list. */
  readonly names: Map<string, number> | undefined;
  readonly path: string;
  /** Of a list: the item that comes. */
  index: number;
  /** Where a value is that begins now. */
  place: string;
}

/** @param text of valid JSON */
export function repeatedJsonNames(text: string): readonly RepeatedName[] {
  const found: RepeatedName[] = [];
  const open: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const level = open.at(-1);
    switch (text[at]) {
      case '{':
      case '[': {
        const path = level?.place ?? '';
        const isObject = text[at] === '{';
        open.push({ names: isObject ? new Map() : undefined, path, index: 0, place: `${path}[0]` });
        break;
      }
      case '}':
      case ']':
        tellRepeated(open.pop(), found);
        break;
      case ',':
        if (level?.names === undefined && level !== undefined)
          level.place = `${level.path}[${++level.index}]`;
        break;
      case '"': {
        const end = endOfText(text, at);
        if (level?.names !== undefined && isName(text, end)) {
          const name = JSON.parse(text.slice(at, end)) as string;
          level.names.set(name, (level.names.get(name) ?? 0) + 1);
          level.place = placeOf(level.path, name);
        }
        at = end - 1;
      }
    }
  }
  return found;
}

function tellRepeated(level: Level | undefined, found: RepeatedName[]): void {
  for (const [name, times] of level?.names ?? [])
    if (times > 1) found.push({ path: placeOf(level?.path ?? '', name), times });
}

function placeOf(path: string, name: string): string {
  const step = /^[\w$-]+$/.test(name) ? name : JSON.stringify(name);
  return path === '' ? step : `${path}.${step}`;
}

/** After the closing quote of the text that begins here. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

const COLON = /[ \t\n\r]*:/y;

function isName(text: string, end: number): boolean {
  COLON.lastIndex = end;
  return COLON.test(text);
}
