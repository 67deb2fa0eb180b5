/** Resource names in words. */
import { parseName } from '@flagstream/protocol';
import { ENTITY_KIND } from '@flagstream/replica';

/** "flag new-checkout in production" for projects/shop/environments/production/flagConfigs/new-checkout. */
export function resourceLabel(name: string): string {
  const id = parseName(name);
  switch (id?.kind) {
    case ENTITY_KIND.project:
      return `project ${id.key}`;
    case ENTITY_KIND.environment:
      return `environment ${id.key}`;
    case ENTITY_KIND.flag:
      return `flag ${id.key}`;
    case ENTITY_KIND.segment:
      return `segment ${id.key}`;
    case ENTITY_KIND.flagConfig:
      return `flag ${id.key} in ${id.environment}`;
    default:
      return name;
  }
}
