/** What does not compile, as the error that names the fields of the request. */
import { type FieldViolation, fail, formatName } from '@flagstream/protocol';
import { entityKey } from '@flagstream/replica';
import type { Edit } from './edit.ts';
import { requestPath } from './field-mask.ts';
import type { LocatedProblem } from './project-units.ts';

/** Violations or names in one answer: gRPC trailers hold about 8 KiB. */
const SHOWN_MAX = 8;

/**
 * IN_USE when something that leaves service is still referred to, else
 * INVALID_DEFINITION. `problems` is not empty.
 */
export function refusal(edits: readonly Edit[], problems: readonly LocatedProblem[]): Error {
  const byEntity = new Map(edits.map((edit) => [entityKey(edit.id), edit]));
  const removed = edits.filter((edit) => edit.op === 'archive' || edit.op === 'restore');
  const users = problems.filter(
    ({ id, problem }) => isLostReference(problem.code) && !byEntity.has(entityKey(id)),
  );
  if (users.length > 0 && removed.length > 0) return inUse(removed, users);
  // What is wrong in the request itself comes first; what is lost may follow from it, as does what breaks elsewhere.
  const own = problems.filter(({ id }) => byEntity.has(entityKey(id)));
  const causes = own.filter(({ problem }) => !isLostReference(problem.code));
  const lost = own.filter(({ problem }) => isLostReference(problem.code));
  const told = own.length > 0 ? [...causes, ...lost] : problems;
  return invalidDefinition(
    told.map((located) => violationOf(edits, byEntity.get(entityKey(located.id)), located)),
  );
}

function inUse(removed: readonly Edit[], users: readonly LocatedProblem[]): Error {
  const used = shown(removed.map((edit) => formatName(edit.id)));
  const names = shown(users.map(({ id }) => formatName(id)));
  return fail('IN_USE', `${used} is used by ${names}`, { metadata: { users: names } });
}

/** A problem of an entity that no edit names was caused by one that does: by key, else the first. */
function violationOf(
  edits: readonly Edit[],
  edit: Edit | undefined,
  { id, problem }: LocatedProblem,
): FieldViolation {
  if (edit !== undefined)
    return {
      field: requestPath(edit.path, problem.path),
      description: problem.message,
      reason: problem.code,
    };
  const cause = edits.find((other) => other.id.key === id.key) ?? edits[0];
  const place = problem.path === '' ? formatName(id) : `${formatName(id)} at ${problem.path}`;
  return {
    field: cause?.path ?? '',
    description: `breaks ${place}: ${problem.message}`,
    reason: problem.code,
  };
}

/** The same problem in several environments is told once. */
function invalidDefinition(violations: readonly FieldViolation[]): Error {
  const distinct = [
    ...new Map(
      violations.map((violation) => [`${violation.field} ${violation.description}`, violation]),
    ).values(),
  ];
  const first = distinct[0];
  const more = distinct.length > 1 ? ` (and ${distinct.length - 1} more)` : '';
  return fail('INVALID_DEFINITION', `${first?.field}: ${first?.description}${more}`, {
    fields: distinct.slice(0, SHOWN_MAX),
  });
}

function isLostReference(code: string): boolean {
  return code === 'UNKNOWN_FLAG' || code === 'UNKNOWN_SEGMENT';
}

function shown(names: readonly string[]): string {
  const distinct = [...new Set(names)];
  const more = distinct.length > SHOWN_MAX ? ` and ${distinct.length - SHOWN_MAX} more` : '';
  return distinct.slice(0, SHOWN_MAX).join(', ') + more;
}
