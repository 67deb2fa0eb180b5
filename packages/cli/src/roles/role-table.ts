/** Each role with its schema and its start function. What one role is made of, the other does not load. */
import { controlPlaneConfigSchema } from '@flagstream/control-plane/config';
import { type EvaluatorConfig, evaluatorConfigSchema } from '@flagstream/evaluator/config';
import {
  describeConfig,
  type ExposureSettings,
  effectiveSettings,
  exposureOf,
  exposureWarnings,
  type ResolvedConfig,
  resolveConfig,
} from '@flagstream/runtime';
import * as z from 'zod';
import { VERSION } from '../version.ts';
import type { PreparedRole, Role, RoleName, Roles, RunningRole, StartOptions } from './roles.ts';

type RoleConfig = Pick<PreparedRole, 'log' | 'nodeId'> & ExposureSettings;

function role<C extends RoleConfig>(
  name: RoleName,
  schema: z.ZodType<C>,
  start: (
    config: C,
    secretFiles: ResolvedConfig<C>['secretFiles'],
    options: StartOptions,
  ) => Promise<RunningRole>,
  supervised: (config: C) => EvaluatorConfig | undefined = () => undefined,
): Role {
  return {
    name,
    settings: describeConfig(schema),
    jsonSchema: () => z.toJSONSchema(schema, { io: 'input' }),
    effective: (sources) => effectiveSettings(schema, resolveConfig(schema, sources)),
    prepare: (sources) => {
      const { config, secretFiles } = resolveConfig(schema, sources);
      const insecure = exposureWarnings(exposureOf(config)).length > 0;
      return {
        log: config.log,
        nodeId: config.nodeId,
        insecure,
        supervised: supervised(config),
        start: (options = {}) => start(config, secretFiles, options),
      };
    },
  };
}

export const ROLES: Roles = {
  'control-plane': role('control-plane', controlPlaneConfigSchema, async (config, secretFiles) => {
    const { startControlPlane } = await import('@flagstream/control-plane');
    return startControlPlane(config, { version: VERSION, secretFiles });
  }),
  evaluator: role(
    'evaluator',
    evaluatorConfigSchema,
    async (config, secretFiles, { sharesPort }) => {
      const { startEvaluator } = await import('@flagstream/evaluator');
      return startEvaluator(config, { secretFiles, sharesPort });
    },
    (config) => (config.workers > 1 ? config : undefined),
  ),
};
