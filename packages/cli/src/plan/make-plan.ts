/**
 * What makes a project like a flag set: a list of changes, each with the fields
 * that differ. Pure. Only what differs is sent; the control plane then says for
 * each whether it really is a change.
 */
import { environmentName, flagConfigName, flagName, projectName, segmentName } from '@flagstream/protocol';
import { type Change, ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  Environment,
  Flag,
  FlagConfig,
  Project,
  Segment,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { type FlagSet, inProject, written } from '../document/flag-set.ts';
import type { Contents } from '../output/field-text.ts';
import { configAsAuthored, flagAsAuthored, segmentAsAuthored } from './authored-form.ts';
import { fieldPaths, type Json } from './field-paths.ts';
import { isWritten, type ProjectState } from './project-state.ts';

/** `before` and `after` are those of an update. */
export interface PlannedChange extends Contents {
  readonly action: ChangeAction;
  /** Resource name. */
  readonly name: string;
  /** For people: "flag new-checkout in production". */
  readonly label: string;
  /** Fields that differ, of an update. */
  readonly fields: readonly string[];
  readonly change: Change;
}

export interface PlanOptions {
  readonly project: string;
  /** Archives flags and segments that the set lacks. */
  readonly prune: boolean;
}

/** In the order in which they are sent: what is named comes before what names it. */
export function makePlan(
  current: ProjectState,
  wanted: FlagSet,
  { project, prune }: PlanOptions,
): PlannedChange[] {
  const set = inProject(wanted, project);
  return [
    ...(current.exists ? [] : [createProject(project)]),
    ...[...set.environments].flatMap(([key, environment]) =>
      planned({
        name: environmentName(project, key),
        label: `environment ${key}`,
        before: stripped(current.environments.get(key), written.environment),
        after: environment,
        etag: current.environments.get(key)?.etag,
        toJson: Environment.toJSON,
        change: (value): Change => ({ change: { $case: 'environment', value } }),
      }),
    ),
    ...[...set.segments].flatMap(([key, segment]) =>
      planned({
        name: segmentName(project, key),
        label: `segment ${key}`,
        before: stripped(current.segments.get(key), (stored) =>
          segmentAsAuthored(key, written.segment(stored), segment),
        ),
        after: segment,
        etag: current.segments.get(key)?.etag,
        toJson: Segment.toJSON,
        change: (value): Change => ({ change: { $case: 'segment', value } }),
      }),
    ),
    ...[...set.flags].flatMap(([key, flag]) =>
      planned({
        name: flagName(project, key),
        label: `flag ${key}`,
        before: stripped(current.flags.get(key), (stored) => flagAsAuthored(written.flag(stored), flag)),
        after: flag,
        etag: current.flags.get(key)?.etag,
        toJson: Flag.toJSON,
        change: (value): Change => ({ change: { $case: 'flag', value } }),
      }),
    ),
    ...[...set.configs].flatMap(([key, configs]) =>
      [...configs].flatMap(([environment, config]) => planConfig(current, project, environment, key, config)),
    ),
    ...(prune ? archives(current, wanted, project) : []),
  ];
}

interface Comparison<E> {
  readonly name: string;
  readonly label: string;
  /** Undefined: created. */
  readonly before: E | undefined;
  readonly after: E;
  readonly etag: string | undefined;
  readonly toJson: (entity: E) => unknown;
  readonly change: (entity: E & { etag: string }) => Change;
}

function planned<E extends { etag: string }>({
  name,
  label,
  before,
  after,
  etag,
  toJson,
  change,
}: Comparison<E>): PlannedChange[] {
  if (before === undefined)
    return [{ action: ChangeAction.CREATE, name, label, fields: [], change: change(after) }];
  const contents = { before: toJson({ ...before, name }) as Json, after: toJson({ ...after, name }) as Json };
  const fields = fieldPaths(contents.before, contents.after);
  if (fields.length === 0) return [];
  const sent = { ...after, etag: etag ?? '' };
  return [{ action: ChangeAction.UPDATE, name, label, fields, ...contents, change: change(sent) }];
}

function planConfig(
  current: ProjectState,
  project: string,
  environment: string,
  key: string,
  config: FlagConfig,
): PlannedChange[] {
  const stored = current.configs.get(key)?.get(environment);
  // A configuration exists for every flag and environment: one that was never written is empty.
  const before = written.config(stored ?? FlagConfig.fromPartial({}));
  const [change] = planned({
    name: flagConfigName(project, environment, key),
    label: `flag ${key} in ${environment}`,
    before: configAsAuthored(key, before, config),
    after: config,
    etag: stored?.etag,
    toJson: FlagConfig.toJSON,
    change: (value): Change => ({ change: { $case: 'flagConfig', value } }),
  });
  if (change === undefined) return [];
  const first = stored === undefined || !isWritten(stored);
  return [first ? { ...change, action: ChangeAction.CREATE } : change];
}

function createProject(project: string): PlannedChange {
  const name = projectName(project);
  const value = Project.fromPartial({ name });
  return {
    action: ChangeAction.CREATE,
    name,
    label: `project ${project}`,
    fields: [],
    change: { change: { $case: 'project', value } },
  };
}

function archives(current: ProjectState, wanted: FlagSet, project: string): PlannedChange[] {
  const flags = [...current.flags.keys()].filter((key) => !wanted.flags.has(key));
  const segments = [...current.segments.keys()].filter((key) => !wanted.segments.has(key));
  return [
    ...flags.map((key) => archive(flagName(project, key), `flag ${key}`)),
    ...segments.map((key) => archive(segmentName(project, key), `segment ${key}`)),
  ];
}

function archive(name: string, label: string): PlannedChange {
  return {
    action: ChangeAction.ARCHIVE,
    name,
    label,
    fields: [],
    change: { change: { $case: 'archive', value: name } },
  };
}

function stripped<E>(entity: E | undefined, strip: (entity: E) => E): E | undefined {
  return entity === undefined ? undefined : strip(entity);
}
