// What each foreign client could do, for the table of the README (scripts/interop/readme.mjs): written by machine, from the
// outcomes of tests alone.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'vitest';

export type Cell = 'passed' | 'failed' | 'client has none' | `differs: ${string}`;

interface Column {
  readonly client: string;
  readonly cells: Record<string, Cell>;
}

const FOLDER: string = path.resolve(import.meta.dirname, '../../../.cache/interop');

export class ClientTable {
  readonly #name: string;
  readonly #capabilities: readonly string[];
  readonly #columns = new Map<string, Column>();

  constructor(name: string, capabilities: readonly string[]) {
    this.#name = name;
    this.#capabilities = capabilities;
  }

  /**
   * Registers a test of what a client can do.
   * @param lacks what its provider does not do with any server
   * @param cell told once the test has passed
   */
  test(
    { name, lacks = [] }: { readonly name: string; readonly lacks?: readonly string[] },
    capability: string,
    body: () => Promise<void>,
    cell: Cell = 'passed',
  ): void {
    if (lacks.includes(capability)) {
      this.tell(name, capability, 'client has none');
      return;
    }
    test(capability, async () => {
      this.tell(name, capability, 'failed');
      await body();
      this.tell(name, capability, cell);
    });
  }

  /** What is never told has not been run. */
  tell(client: string, capability: string, cell: Cell): void {
    if (!this.#capabilities.includes(capability)) throw new Error(`the table has no row "${capability}"`);
    const column = this.#columns.get(client) ?? { client, cells: {} };
    column.cells[capability] = cell;
    this.#columns.set(client, column);
  }

  write(clients: readonly string[]): void {
    mkdirSync(FOLDER, { recursive: true });
    const columns = clients.map((client) => this.#columns.get(client) ?? { client, cells: {} });
    const table = { capabilities: this.#capabilities, columns };
    writeFileSync(path.join(FOLDER, `${this.#name}.json`), `${JSON.stringify(table, undefined, 2)}\n`);
  }
}
