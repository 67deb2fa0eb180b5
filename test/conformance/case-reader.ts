// Reads a case's members out of parsed JSON. What is absent or of another type is an error that names the
// place, as in `evaluation-outcomes.json[12].flag`.

import type { JsonObject, JsonValue } from '@flagstream/engine';
import { type SuiteFile, UnreadableError } from './suite-folder.ts';

export class CaseReader {
  readonly at: string;
  readonly #value: JsonValue | undefined;

  constructor(at: string, value: JsonValue | undefined) {
    this.at = at;
    this.#value = value;
  }

  static ofJson(file: SuiteFile): CaseReader {
    try {
      return new CaseReader(file.name, JSON.parse(file.text()) as JsonValue);
    } catch (error) {
      throw new UnreadableError(`${file.name}: not JSON: ${String(error)}`);
    }
  }

  get present(): boolean {
    return this.#value !== undefined;
  }

  get isText(): boolean {
    return typeof this.#value === 'string';
  }

  /** The member of an object; absence shows when it is read. */
  member(name: string): CaseReader {
    const object = this.object();
    return new CaseReader(`${this.at}.${name}`, Object.hasOwn(object, name) ? object[name] : undefined);
  }

  /** The item of a list; absence shows when it is read. */
  item(index: number): CaseReader {
    return new CaseReader(`${this.at}[${index}]`, this.#list()[index]);
  }

  items(): readonly CaseReader[] {
    return this.#list().map((value, index) => new CaseReader(`${this.at}[${index}]`, value));
  }

  /** Members in the order of the file. */
  members(): readonly (readonly [string, CaseReader])[] {
    return Object.keys(this.object()).map((name) => [name, this.member(name)] as const);
  }

  json(): JsonValue {
    if (this.#value === undefined) throw new UnreadableError(`${this.at} is absent`);
    return this.#value;
  }

  text(): string {
    const value = this.json();
    return typeof value === 'string' ? value : this.#unlike('a string');
  }

  number(): number {
    const value = this.json();
    return typeof value === 'number' ? value : this.#unlike('a number');
  }

  object(): JsonObject {
    const value = this.json();
    return isObject(value) ? value : this.#unlike('an object');
  }

  #list(): readonly JsonValue[] {
    const value = this.json();
    return isList(value) ? value : this.#unlike('a list');
  }

  #unlike(wanted: string): never {
    throw new UnreadableError(`${this.at} is not ${wanted}`);
  }
}

/** Array.isArray does not narrow a readonly array. */
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}
