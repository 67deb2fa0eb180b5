/**
 * Whether the server's compare-and-set holds under a race: many publishers,
 * each over a connection of its own, append to a scratch stream at the same
 * place at once. Exactly one may be accepted.
 */
import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType } from 'nats';
import { appendFailure } from './append-outcome.ts';
import type { Finding } from './finding.ts';
import { unlessMissing } from './log-stream.ts';
import { type Link, NatsLink, type NatsLinkOptions } from './nats-link.ts';

const PUBLISHERS = 30;
const ROUNDS = 5;

/** A stream of the probe's own. */
export interface ScratchStream {
  readonly name: string;
  readonly subject: string;
  readonly replicas: number;
  /** Reserved from the server's storage. */
  readonly maxBytes: number;
}

/** Makes it in place of one that an interrupted probe left. */
export async function createScratch(jsm: JetStreamManager, scratch: ScratchStream): Promise<void> {
  await removeScratch(jsm, scratch);
  await jsm.streams.add({
    name: scratch.name,
    subjects: [scratch.subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    num_replicas: scratch.replicas,
    max_bytes: scratch.maxBytes,
  });
}

export async function removeScratch(jsm: JetStreamManager, { name }: ScratchStream): Promise<void> {
  await unlessMissing(jsm.streams.delete(name));
}

/** Races on the stream's last sequence, which is what Flagstream uses, and on the subject's, which it does not. */
export async function raceFindings(
  options: NatsLinkOptions,
  scratch: ScratchStream,
): Promise<readonly Finding[]> {
  const publishers = Array.from({ length: PUBLISHERS }, () => new NatsLink(options));
  try {
    await Promise.all(publishers.map((publisher) => publisher.open()));
    const links = publishers.map(({ current }) => current).filter((link) => link !== undefined);
    if (links.length < PUBLISHERS)
      return [
        {
          check: 'cas race',
          verdict: 'fail',
          detail: `only ${links.length} of ${PUBLISHERS} connections were accepted`,
        },
      ];
    const byStream: number[] = [];
    const bySubject: number[] = [];
    let last = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const stream = await race(links, scratch.subject, { lastSequence: last });
      byStream.push(stream.accepted);
      last = stream.last;
      const subject = await race(links, scratch.subject, { lastSubjectSequence: last });
      bySubject.push(subject.accepted);
      last = subject.last;
    }
    return [streamFinding(byStream), subjectFinding(bySubject)];
  } finally {
    await Promise.all(publishers.map((publisher) => publisher.close()));
  }
}

interface RaceResult {
  readonly accepted: number;
  /** The stream's last sequence. */
  readonly last: number;
}

async function race(
  links: readonly Link[],
  subject: string,
  expect: { readonly lastSequence: number } | { readonly lastSubjectSequence: number },
): Promise<RaceResult> {
  const payload = new Uint8Array(1);
  const outcomes = await Promise.all(
    links.map(({ js }) =>
      js.publish(subject, payload, { expect }).then(
        ({ seq }) => ({ accepted: true, seq }),
        (error: unknown) => ({ accepted: false, seq: endIn(error) }),
      ),
    ),
  );
  return {
    accepted: outcomes.filter(({ accepted }) => accepted).length,
    last: Math.max(...outcomes.map(({ seq }) => seq)),
  };
}

/** A refusal may name the stream's end; anything else says nothing. */
function endIn(error: unknown): number {
  const failure = appendFailure(error);
  return failure.kind === 'conflict' ? (failure.lastSeq ?? 0) : 0;
}

/** @param accepted how many publishers were, in each round */
export function streamFinding(accepted: readonly number[]): Finding {
  const check = 'cas race';
  const rounds = `${PUBLISHERS} publishers at one place, ${ROUNDS} rounds`;
  return accepted.every((count) => count === 1)
    ? { check, verdict: 'ok', detail: `${rounds}: one was accepted each time` }
    : {
        check,
        verdict: 'fail',
        detail: `${rounds}: accepted were ${accepted.join(', ')}; the log's order is not safe on this server`,
      };
}

function subjectFinding(accepted: readonly number[]): Finding {
  return {
    check: 'per-subject race',
    verdict: 'info',
    detail: `accepted in each round: ${accepted.join(', ')}; Flagstream does not rely on it`,
  };
}
