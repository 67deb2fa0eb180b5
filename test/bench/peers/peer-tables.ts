// Other systems' SDKs on the same flags, beside ours: two tables, and the ratios that the aims are about.

import { MANY_FLAGS_COUNT, RANDOM_ORDER_LENGTH } from '../engine/evaluation-cases.ts';
import { type CaseFigures, type CasePlace, countDiffering, measureCases } from '../measure-cases.ts';
import type { Row, SuiteReport } from '../report.ts';
import { spread } from '../statistics.ts';
import { FLAGD_CORE, OURS, OURS_READING_FLAGD, PEERS } from './all-peers.ts';
import { installPeers } from './install-peers.ts';
import { installedVersion } from './load-sdk.ts';
import { SUBJECTS } from './peer.ts';
import { MANY_FLAGS, ONE_FLAG } from './peer-cases.ts';

/** CPU time as a multiple of ours by peer: the median over the rounds, each peer's and ours of the same one. */
export type Ratios = Readonly<Record<string, number>>;

export interface PeerFigures {
  readonly tables: readonly SuiteReport[];
  readonly oneFlag: Ratios;
  readonly manyFlags: Ratios;
}

export async function measurePeers(rounds: number): Promise<PeerFigures> {
  const missing = installPeers();
  const names = Object.keys(PEERS);
  const present = missing === undefined ? names : names.filter((peer) => PEERS[peer]!.sdk === undefined);
  const cases = [ONE_FLAG, MANY_FLAGS].flatMap((name) => present.map((peer) => placeOf(peer, name)));
  const objections = new Map<string, string | undefined>();
  if (missing === undefined)
    for (const name of [ONE_FLAG, MANY_FLAGS]) objections.set(name, await objectionByFlagd(name));
  const measured = await measureCases(cases, rounds);
  const figuresOf = (peer: string, name: string): CaseFigures => {
    const objection = peer === OURS_READING_FLAGD ? objections.get(name) : undefined;
    if (objection !== undefined) return { notRun: objection };
    const at = cases.findIndex((one) => one.words[0] === peer && one.name === name);
    return measured[at] ?? { notRun: missing ?? 'not measured' };
  };
  const byPeer = (name: string): [string, CaseFigures][] =>
    names.map((peer) => [peer, figuresOf(peer, name)]);
  const oneFlag = byPeer(ONE_FLAG);
  const manyFlags = byPeer(MANY_FLAGS);
  return {
    tables: [
      peerTable('peers', "The same flag in other systems' SDKs", oneFlag, [
        `A boolean flag: three countries of four, then half of their subjects; ${SUBJECTS.length} subjects with five attributes, contexts made beforehand, each in the SDK's own form. Events and metrics are off, nothing is fetched.`,
        `Each SDK in a process of its own, ${rounds} rounds interleaved; the ratio is the median over the rounds of CPU time by ours of the same round. Ours answers its whole result, the others what their cheapest call does.`,
        'Calls that answer a promise are awaited one by one.',
        ...(missing === undefined
          ? ['From flagd’s document, every answer is compared with flagd-core’s.']
          : []),
        'Answers that no hash decides are compared one by one with what the flag says; of the others half must be on, within 6 %; then every round is counted.',
      ]),
      peerTable(
        'peers-many',
        `${MANY_FLAGS_COUNT.toLocaleString('en-US')} flags at random in other systems' SDKs`,
        manyFlags,
        [
          `Three rules each: an e-mail address, a plan, a country before a split; an order of ${RANDOM_ORDER_LENGTH.toLocaleString('en-US')}. Taken and checked as above.`,
        ],
      ),
    ],
    oneFlag: ratios(oneFlag),
    manyFlags: ratios(manyFlags),
  };
}

function placeOf(peer: string, name: string): CasePlace {
  return { program: 'peer-host', words: [peer], name };
}

/** Why what we read from flagd's document must not be compared, or undefined when it answers as flagd-core does. */
async function objectionByFlagd(name: string): Promise<string | undefined> {
  try {
    const differing = await countDiffering(placeOf(OURS_READING_FLAGD, name), placeOf(FLAGD_CORE, name));
    return differing === 0 ? undefined : `${differing} answers are not those of flagd-core`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function peerTable(
  name: string,
  title: string,
  figures: readonly (readonly [peer: string, figures: CaseFigures])[],
  notes: readonly string[],
): SuiteReport {
  const times = ratios(figures);
  return {
    name,
    title,
    notes,
    columns: [
      { key: 'name', title: 'SDK' },
      { key: 'call', title: 'call' },
      { key: 'medianNs', title: 'ns CPU, median' },
      { key: 'p25Ns', title: 'p25' },
      { key: 'minNs', title: 'min' },
      { key: 'ratio', title: 'x ours', digits: 1 },
      { key: 'bytes', title: 'bytes allocated' },
    ],
    rows: figures.map(([peer, one]): Row => {
      const { call, sdk } = PEERS[peer]!;
      if ('notRun' in one) return { name: peer, call, medianNs: `not run: ${one.notRun}` };
      const cpu = spread(one.cpuNs);
      return {
        name: sdk === undefined ? peer : `${peer}, ${sdk} ${installedVersion(sdk)}`,
        call: `\`${call}\``,
        medianNs: cpu.median,
        p25Ns: cpu.p25,
        minNs: cpu.min,
        ratio: times[peer] ?? '',
        bytes: one.bytes,
      };
    }),
  };
}

function ratios(figures: readonly (readonly [peer: string, figures: CaseFigures])[]): Ratios {
  const ours = figures.find(([peer]) => peer === OURS)?.[1];
  if (ours === undefined || 'notRun' in ours) return {};
  return Object.fromEntries(
    figures.flatMap(([peer, one]) => {
      if ('notRun' in one) return [];
      return [[peer, spread(one.cpuNs.map((ns, round) => ns / ours.cpuNs[round]!)).median]];
    }),
  );
}
