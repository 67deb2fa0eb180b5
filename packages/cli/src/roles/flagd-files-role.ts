/**
 * An evaluator whose flags are flagd's files: `serve --flags`. What its log remembers lies in a temporary folder and is
 * of use while the process lives; nobody writes to it but the files.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { type EvaluatorConfig, evaluatorConfigSchema } from '@flagstream/evaluator/config';
import { fail, messageOf } from '@flagstream/protocol';
import {
  createLogger,
  exposureOf,
  exposureWarnings,
  Lifecycle,
  type ResolvedConfig,
  resolveConfig,
} from '@flagstream/runtime';
import type { FlagdFiles } from '../options/flagd-files-options.ts';
import { VERSION } from '../version.ts';
import { flagdFilesConfig } from './flagd-files-config.ts';
import type { Role, RunningRole } from './roles.ts';
import { STOP_TIMEOUT_MS } from './stop-timeout.ts';

type SecretFiles = ResolvedConfig<EvaluatorConfig>['secretFiles'];

export function flagdFilesRole(files: FlagdFiles): Pick<Role, 'name' | 'prepare'> {
  return {
    name: 'evaluator',
    prepare: (sources) => {
      const { config: given, secretFiles } = resolveConfig(evaluatorConfigSchema, sources);
      const nodeId = given.nodeId ?? hostname();
      const config = { ...flagdFilesConfig(given), nodeId };
      const { log } = config;
      const insecure = exposureWarnings(exposureOf(config)).length > 0;
      return { log, nodeId, insecure, start: () => start(files, config, insecure, secretFiles) };
    },
  };
}

/** @throws as FlagFiles.open and startEvaluator; then nothing is left running */
async function start(
  { files, fractional }: FlagdFiles,
  config: EvaluatorConfig & { readonly nodeId: string },
  insecure: boolean,
  secretFiles: SecretFiles,
): Promise<RunningRole> {
  const { nodeId } = config;
  const logger = createLogger({ service: 'evaluator', version: VERSION, nodeId, insecure, ...config.log });
  const [{ FlagFiles }, { startMirroredLog }, { startEvaluator }] = await Promise.all([
    import('../flagd-files/flag-files.ts'),
    import('@flagstream/control-plane'),
    import('@flagstream/evaluator'),
  ]);
  const tell = (line: string, level: 'info' | 'warn'): void => logger[level](line);
  const flagFiles = await FlagFiles.open({ files, fractional, tell });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: STOP_TIMEOUT_MS });
  const data = await lifecycle.start('temporary folder', temporaryFolder, (folder) =>
    rm(folder, { recursive: true, force: true }),
  );
  const scope = { project: config.project, environment: config.environment };
  const log = await startMirroredLog({ data, scope, nodeId, logger, lifecycle });
  // Before the evaluator: nobody asks for a flag that is not there yet.
  await lifecycle.start(
    'flag files',
    () => flagFiles.begin(log),
    () => flagFiles.stop(),
  );
  const evaluator = await lifecycle.start(
    'evaluator',
    () =>
      startEvaluator(config, {
        logger,
        secretFiles,
        source: log.logSource,
        snapshots: log.snapshots,
        authority: log.heads,
        servesFiles: true,
      }),
    (running) => running.close(),
  );
  const served = { files: flagFiles.names, flags: flagFiles.keys().length };
  logger.info(served, 'serves the flags of flagd files, and follows their changes');
  return { ...evaluator, close: async () => void (await lifecycle.stop()) };
}

async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(path.join(tmpdir(), 'flagstream-serve-'));
  } catch (error) {
    throw fail(
      'DATA_DIR_UNWRITABLE',
      `${tmpdir()} takes no temporary folder: ${messageOf(error)}; make it writable, or name another one in TMPDIR`,
    );
  }
}
