/** Protected environments: what touches one needs a comment. */
import { environmentId, fail, formatName } from '@flagstream/protocol';
import { Environment, Flag, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange } from '@flagstream/replica';
import type { Draft } from './draft.ts';

/** @throws FlagstreamError COMMENT_REQUIRED when the draft touches a protected environment. */
export function requireComment(draft: Draft): void {
  for (const change of draft.changes()) {
    const name = protectedEnvironment(draft, change);
    if (name !== undefined)
      throw fail('COMMENT_REQUIRED', `comment: ${name} is protected: say why it is changed`, {
        metadata: { name },
        fields: [{ field: 'comment', description: `required: ${name} is protected` }],
      });
  }
}

/** The protected environment that a change touches, by name. */
function protectedEnvironment(draft: Draft, change: EntityChange): string | undefined {
  switch (change.kind) {
    case ENTITY_KIND.environment:
      return protectedName(draft, change.project, change.key);
    case ENTITY_KIND.flagConfig:
    case ENTITY_KIND.key:
      return protectedName(draft, change.project, change.environment);
    case ENTITY_KIND.project:
    case ENTITY_KIND.flag:
    case ENTITY_KIND.segment:
      return changesAnswers(draft.base.entity(change)?.change, change)
        ? firstProtected(draft, change.project)
        : undefined;
    default:
      return undefined;
  }
}

/** Some protected environment of a project: all of them are touched. */
function firstProtected(draft: Draft, project: string): string | undefined {
  for (const { key } of draft.list(ENTITY_KIND.environment, project)) {
    const name = protectedName(draft, project, key);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Protection counts as it was before the change, so that nobody lifts it in passing. */
function protectedName(draft: Draft, project: string, environment: string): string | undefined {
  const id = environmentId(project, environment);
  const change = draft.base.entity(id)?.change;
  if (change === undefined || change.deleted) return undefined;
  return Environment.decode(change.content).protected ? formatName(id) : undefined;
}

/** What is new changes nobody's answer, nor does a description. */
function changesAnswers(before: EntityChange | undefined, after: EntityChange): boolean {
  if (before === undefined) return false;
  if (before.deleted || after.deleted) return before.deleted !== after.deleted;
  return meaning(before) !== meaning(after);
}

/** The part of an entity that answers depend on, as text. */
function meaning(change: EntityChange): string {
  if (change.kind === ENTITY_KIND.flag) {
    const { kind, variants, offVariant, clientVisible } = Flag.decode(change.content);
    const served = variants.map(({ key, value }) => ({ key, value }));
    return JSON.stringify({ kind, served, offVariant, clientVisible });
  }
  if (change.kind === ENTITY_KIND.project) return '';
  const segment = Segment.decode(change.content);
  const { attribute, included, excluded, condition, parts } = Segment.toJSON(segment) as Record<
    string,
    unknown
  >;
  return JSON.stringify({ attribute, included, excluded, condition, parts });
}
