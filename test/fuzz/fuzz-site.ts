// What is fuzzed: a control plane and an evaluator as processes, and a project of their own by which it is seen
// whether both still do what they are for.

import { EvaluateRequest, EvaluationServiceClient } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials } from '@grpc/grpc-js';
import { Admin, written } from '../support/admin.ts';
import { startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import { callUnary } from '../support/grpc-call.ts';
import { privateValue } from '../support/private-value.ts';
import type { TestProcess } from '../support/process.ts';
import { hold } from '../support/resources.ts';
import { scrape } from '../support/scrape.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import type { Listener } from './fuzz-input.ts';

interface FuzzedProcess {
  readonly name: string;
  readonly process: TestProcess;
  readonly pid: number;
  readonly managementPort: number;
  /** Memory before the first input. */
  restBytes: number;
  /** Lines of output that were judged. */
  linesJudged: number;
}

/** A project that no input names. */
const WITNESS = { project: 'witness', environment: 'observed', flag: 'seen' } as const;
const HEADERS = { 'flagstream-project': WITNESS.project, 'flagstream-environment': WITNESS.environment };
/** A right call after a batch: far more than it takes, as the machine may be busy. */
const ANSWER_MS = 15_000;
/** While garbage goes. */
const REST_MS = 30_000;
/**
 * How much more memory a process may hold at rest than before the first input: flags and history that sound inputs
 * wrote, buffers of 64 KiB for what was large, code that was compiled meanwhile. A leak of 3 KB an input passes it.
 */
export const GROWTH_BYTES_MAX = 256 * 2 ** 20;
/** Beyond this V8 ends a process: what is not freed under need ends the run. */
const HEAP_MIB = 512;

/** Where OFREP is unless a setting says otherwise. */
const OFREP_BESIDE_GRPC = 3;

export class FuzzSite {
  readonly listeners: readonly Listener[];
  readonly #processes: readonly FuzzedProcess[];
  readonly #admin: Admin;
  readonly #evaluation: EvaluationServiceClient;
  #enabled = true;

  private constructor(
    processes: readonly FuzzedProcess[],
    listeners: readonly Listener[],
    admin: Admin,
    evaluation: EvaluationServiceClient,
  ) {
    this.#processes = processes;
    this.listeners = listeners;
    this.#admin = admin;
    this.#evaluation = evaluation;
  }

  static async start(): Promise<FuzzSite> {
    const controlPlane = await startRole('control-plane', ['--seed=demo', `--data=${tempDir('fuzz')}`]);
    const evaluator = await startRole('evaluator', [
      `--control-plane-address=127.0.0.1:${controlPlane.grpcPort}`,
    ]);
    const admin = new Admin(controlPlane.grpcPort, WITNESS.project, WITNESS.environment);
    await createWitness(admin);
    const evaluation = new EvaluationServiceClient(
      `127.0.0.1:${evaluator.grpcPort}`,
      credentials.createInsecure(),
    );
    const close = (): void => evaluation.close();
    hold({ what: 'evaluation client', release: close, releaseNow: close });
    const site = new FuzzSite(
      [controlPlane.fuzzed, evaluator.fuzzed],
      [
        ...[controlPlane, evaluator].flatMap(({ role, grpcPort, fuzzed }) => [
          { name: role, port: grpcPort },
          { name: `${role}-management` as const, port: fuzzed.managementPort },
        ]),
        { name: 'evaluator-ofrep', port: evaluator.grpcPort + OFREP_BESIDE_GRPC },
      ],
      admin,
      evaluation,
    );
    const findings = await site.judge();
    if (findings.length > 0) throw new Error(`before the first input: ${findings.join('; ')}`);
    for (const process of site.#processes) process.restBytes = await residentBytes(process);
    return site;
  }

  /** Names what is wrong by now: a process that is gone, its log, a right call that is not answered, memory. */
  async judge(): Promise<string[]> {
    const findings = this.#processes.flatMap((fuzzed) => [...lifeOf(fuzzed), ...badLines(fuzzed)]);
    if (findings.some((finding) => finding.includes('ended'))) return findings;
    try {
      await this.#writeAndRead();
    } catch (error) {
      findings.push(`a right write and evaluation failed: ${String(error)}`);
    }
    return findings;
  }

  /** Waits until memory has come down, and names who did not let go of it. */
  async judgeMemory(): Promise<string[]> {
    const findings: string[] = [];
    for (const fuzzed of this.#processes) {
      if (fuzzed.restBytes === 0 || !fuzzed.process.running) continue;
      const most = fuzzed.restBytes + GROWTH_BYTES_MAX;
      await until(async () => (await residentBytes(fuzzed)) <= most, {
        what: `${fuzzed.name} to hold at most ${mebibytes(most)} MiB`,
        timeoutMs: REST_MS,
        intervalMs: 250,
      }).catch((error: unknown) => findings.push(String(error)));
    }
    return findings;
  }

  /** Resident MiB of each process, by name: before, and now. */
  async memory(): Promise<
    readonly { readonly name: string; readonly before: number; readonly now: number }[]
  > {
    return Promise.all(
      this.#processes.map(async (fuzzed) => ({
        name: fuzzed.name,
        before: mebibytes(fuzzed.restBytes),
        now: mebibytes(await residentBytes(fuzzed)),
      })),
    );
  }

  /** A write at the control plane, and its effect at the evaluator. */
  async #writeAndRead(): Promise<void> {
    this.#enabled = !this.#enabled;
    await this.#admin.setEnabled(WITNESS.flag, this.#enabled);
    const request = EvaluateRequest.fromJSON({
      flagKey: WITNESS.flag,
      context: { targetingKey: privateValue('witness') },
    });
    await until(
      async () => {
        const { variant } = await callUnary(this.#evaluation, this.#evaluation.evaluate, request, HEADERS);
        return variant === (this.#enabled ? 'on' : 'off');
      },
      { what: 'the evaluator to answer by the last write', timeoutMs: ANSWER_MS },
    );
  }
}

async function createWitness(admin: Admin): Promise<void> {
  const { client } = admin;
  const parent = `projects/${WITNESS.project}`;
  await callUnary(client, client.createProject, {
    projectId: WITNESS.project,
    project: undefined,
    ...written('fuzz'),
  });
  await callUnary(client, client.createEnvironment, {
    parent,
    environmentId: WITNESS.environment,
    environment: undefined,
    ...written('fuzz'),
  });
  await admin.createBoolean(WITNESS.flag);
}

async function startRole<R extends 'control-plane' | 'evaluator'>(
  role: R,
  options: readonly string[],
): Promise<{ readonly role: R; readonly grpcPort: number; readonly fuzzed: FuzzedProcess }> {
  const [grpcPort, managementPort] = [await freePort(), await freePort()];
  const process = startFlagstream(
    [
      'serve',
      `--role=${role}`,
      `--grpc-port=${grpcPort}`,
      `--management-port=${managementPort}`,
      '--log-level=error',
      ...options,
    ],
    // Inputs may name files: whatever is made of that lies in a folder that is thrown away.
    { cwd: tempDir('fuzz-cwd'), env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` } },
  );
  await process.waitForReady(managementPort);
  const fuzzed = { name: role, process, pid: process.pid!, managementPort, restBytes: 0, linesJudged: 0 };
  return { role, grpcPort, fuzzed };
}

function lifeOf({ name, process, pid }: FuzzedProcess): readonly string[] {
  if (process.running && process.pid === pid) return [];
  return [
    `${name} ended; its last words: ${process.lines
      .slice(-5)
      .map(({ text }) => text)
      .join(' | ')}`,
  ];
}

/** Only errors are logged here, and no input is one; a line that is no JSON is not by our logger at all. */
function badLines(fuzzed: FuzzedProcess): readonly string[] {
  const fresh = fuzzed.process.lines.slice(fuzzed.linesJudged);
  fuzzed.linesJudged += fresh.length;
  return fresh.map(({ text }) => `${fuzzed.name} logged ${text.slice(0, 700)}`);
}

function residentBytes({ managementPort }: FuzzedProcess): Promise<number> {
  return scrape(managementPort, 'process_resident_memory_bytes');
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
