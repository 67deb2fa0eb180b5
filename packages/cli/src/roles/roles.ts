/**
 * The parts of an installation that a process can be. Loaded when a command
 * needs them: a client command must not wait for SQLite and NATS.
 */
import type { LogFormat, Logger, LogLevel } from '@flagstream/runtime';
import type { z } from 'zod';

export const ROLE_NAMES = ['control-plane', 'evaluator'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

export interface RunningRole {
  readonly grpcPort: number;
  readonly managementPort: number;
  close(): Promise<void>;
}

export interface Role {
  readonly name: RoleName;
  readonly schema: z.ZodType;
  /** `config` is what the schema answered. */
  readonly logging: (config: unknown) => {
    readonly level: LogLevel;
    readonly format: LogFormat;
    readonly nodeId: string;
  };
  readonly start: (config: unknown, logger: Logger) => Promise<RunningRole>;
}

export type Roles = Readonly<Record<RoleName, Role>>;

export async function loadRoles(): Promise<Roles> {
  const [controlPlane, evaluator] = await Promise.all([
    import('@flagstream/control-plane'),
    import('@flagstream/evaluator'),
  ]);
  return {
    'control-plane': {
      name: 'control-plane',
      schema: controlPlane.controlPlaneConfigSchema,
      logging: (config) => {
        const { log, nodeId } = config as z.infer<typeof controlPlane.controlPlaneConfigSchema>;
        return { ...log, nodeId };
      },
      start: (config, logger) =>
        controlPlane.startControlPlane(config as z.infer<typeof controlPlane.controlPlaneConfigSchema>, {
          logger,
        }),
    },
    evaluator: {
      name: 'evaluator',
      schema: evaluator.evaluatorConfigSchema,
      logging: (config) => {
        const { log, nodeId } = config as z.infer<typeof evaluator.evaluatorConfigSchema>;
        return { ...log, nodeId };
      },
      start: (config, logger) =>
        evaluator.startEvaluator(config as z.infer<typeof evaluator.evaluatorConfigSchema>, { logger }),
    },
  };
}
