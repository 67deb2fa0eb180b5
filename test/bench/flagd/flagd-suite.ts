// What flagd's clients cost us, call by call and stream by stream, with the aims.

import process from 'node:process';
import { releaseAll } from '../../support/resources.ts';
import { aimsReport, atMost } from '../aims.ts';
import type { Row, SuiteReport } from '../report.ts';
import { beside, type FanOut, measureFanOut, timesOf } from './fan-out.ts';
import { measureUnaryPairs, type UnaryFigures } from './unary-pairs.ts';

/** Times the bare server's CPU, and times flagd's: what stands in the way of more is the stack's own cost. */
const CALL_TO_BARE = 1.25;
const CALL_TO_FLAGD = Number(process.versions.node.split('.')[0]) < 24 ? 0.45 : 0.33;
const OFREP_TO_FLAGD = 0.5;
const BULK_US = 330;
const PUSH_TO_BARE = 1.5;
const PUSH_TO_FLAGD = 0.4;
/** From the small set to the large one. */
const MEMORY_GROWTH = 1.2;

export async function runFlagdSuite(): Promise<readonly SuiteReport[]> {
  const unary = await measureUnaryPairs();
  // The streams have the machine for themselves.
  await releaseAll();
  const fanOut = await measureFanOut();
  const rows = [...unaryAims(unary.figures), ...fanOutAims(fanOut.figures)];
  const note =
    'CPU of calls by the p25, of pushes by the median. Multiples of flagd need FLAGD_BIN, or flagd on the PATH.';
  return [unary.report, fanOut.report, aimsReport('flagd-aims', 'Aims: flagd’s clients', rows, note)];
}

function unaryAims(figures: UnaryFigures): readonly Row[] {
  const [resolve, one, all] = [
    figures.ResolveBoolean,
    figures['OFREP, one flag'],
    figures['OFREP, 100 flags'],
  ];
  return [
    atMost('ResolveBoolean: x bare grpc-js', CALL_TO_BARE, resolve?.toBare),
    atMost('ResolveBoolean: x flagd', CALL_TO_FLAGD, resolve?.toPeer),
    atMost('OFREP, one flag: x bare node:http', CALL_TO_BARE, one?.toBare),
    atMost('OFREP, one flag: x flagd', OFREP_TO_FLAGD, one?.toPeer),
    atMost('OFREP, 100 flags: us CPU', BULK_US, all?.oursUs),
  ];
}

function fanOutAims(figures: readonly FanOut[]): readonly Row[] {
  const clients = Math.max(...figures.map((each) => each.clients));
  const ours = figures.filter(
    (each) => each.server === 'evaluator' && each.stream === 'EventStream' && each.clients === clients,
  );
  const [few, many] = ours;
  return [
    ...ours.flatMap((own) => {
      const what = `EventStream to ${clients.toLocaleString('en-US')} at ${own.flags.toLocaleString('en-US')} flags`;
      return [
        atMost(`${what}: x bare grpc-js`, PUSH_TO_BARE, timesOf(own, beside(figures, own, 'bare grpc-js'))),
        atMost(`${what}: x flagd`, PUSH_TO_FLAGD, timesOf(own, beside(figures, own, 'flagd'))),
      ];
    }),
    atMost(
      'EventStream: memory of an idle stream, many flags to few',
      MEMORY_GROWTH,
      few === undefined || many === undefined ? undefined : many.rssKib / few.rssKib,
    ),
  ];
}
