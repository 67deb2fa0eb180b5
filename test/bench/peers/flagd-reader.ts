// Ours on the document that flagd-core reads, through the importer: the same JSONLogic, answer for answer.

import { compileSet } from '@flagstream/engine';
import { IMPORTERS } from '@flagstream/importers';
import { CONTEXTS } from '../engine/flag-sets.ts';
import { flagdDocument } from './flagd-core.ts';
import type { Peer } from './peer.ts';

/** Windows of no flag here: any instant gives the same answers. */
const NOW_MS = 1_700_000_000_000;

export const flagdReader: Peer = {
  call: 'set.evaluate()',
  async open(flags) {
    const read = IMPORTERS.get('flagd')!(flagdDocument(flags));
    if (read.outcome === 'rejected') throw new Error(`the document was rejected: ${read.reason}`);
    if (read.flags.length !== flags.length)
      throw new Error(`${read.flags.length} of ${flags.length} flags were read`);
    const { set, problems } = compileSet(read.flags, read.segments);
    if (problems.length > 0) throw new Error(`the flags do not compile: ${problems[0]!.message}`);
    return {
      mode: 'direct',
      evaluate: (flagKey, subject) => set.evaluate(flagKey, CONTEXTS[subject]!, NOW_MS).value === true,
    };
  },
};
