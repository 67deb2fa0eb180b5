/**
 * The parts of an installation that a process can be. Loaded when a command
 * needs them: a client command must not wait for SQLite and NATS.
 */
import type { ControlPlaneConfig } from '@flagstream/control-plane';
import type { EvaluatorConfig } from '@flagstream/evaluator';
import type { LogFormat, LogLevel } from '@flagstream/runtime';
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
  readonly logging: (config: unknown) => RoleLogging;
  readonly start: (config: unknown) => Promise<RunningRole>;
}

export interface RoleLogging {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Absent: the role makes one up when it starts. */
  readonly nodeId: string | undefined;
}

export type Roles = Readonly<Record<RoleName, Role>>;

export async function loadRoles(): Promise<Roles> {
  const [controlPlane, evaluator] = await Promise.all([
    import('@flagstream/control-plane'),
    import('@flagstream/evaluator'),
  ]);
  const { controlPlaneConfigSchema, startControlPlane } = controlPlane;
  const { evaluatorConfigSchema, startEvaluator } = evaluator;
  return {
    'control-plane': {
      name: 'control-plane',
      schema: controlPlaneConfigSchema,
      logging: (config) => {
        const { log, nodeId } = config as ControlPlaneConfig;
        return { ...log, nodeId };
      },
      start: (config) => startControlPlane(config as ControlPlaneConfig),
    },
    evaluator: {
      name: 'evaluator',
      schema: evaluatorConfigSchema,
      logging: (config) => {
        const { log, nodeId } = config as EvaluatorConfig;
        return { ...log, nodeId };
      },
      start: (config) => startEvaluator(config as EvaluatorConfig),
    },
  };
}
