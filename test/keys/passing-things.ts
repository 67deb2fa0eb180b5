// What ends while random calls are made: projects that are archived, keys that are revoked or get another secret. The
// owner of everything ends them, or any call that may.

import type { FlagstreamError } from '@flagstream/protocol';
import {
  AdminServiceService,
  ArchiveProjectRequest,
  RevokeKeyRequest,
  RotateKeyRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Random } from '../sim/world/random.ts';
import { type AnyMethod, bearer, type KeyedSite } from './keyed-site.ts';
import { environmentMark, projectMark, projectName, type Spot } from './marks.ts';

/** Of one environment each. */
export const PASSING_SPOTS: readonly Spot[] = [
  { p: 8, e: 0 },
  { p: 9, e: 0 },
];

const ENDED: readonly unknown[] = ['KEY_ENDED', 'ARCHIVED', 'PARENT_ARCHIVED'];

export class PassingThings {
  readonly #site: KeyedSite;
  readonly #random: Random;
  readonly #projects = new Set(PASSING_SPOTS.map(({ p }) => p));
  readonly #keys: { readonly name: string; readonly spot: Spot }[] = [];

  constructor(site: KeyedSite, random: Random) {
    this.#site = site;
    this.#random = random;
  }

  addKey(name: string, spot: Spot): void {
    this.#keys.push({ name, spot });
  }

  /** Revokes one, or gives it another secret: who holds it is out, or goes on with the old one for a second. */
  async endKey(): Promise<void> {
    const { name, spot } = this.#random.pick(this.#keys);
    const said = { name, comment: environmentMark(spot, 'keys') };
    const overlapSeconds = this.#random.int(0, 1);
    if (this.#random.chance(0.5))
      await this.#asOwner(AdminServiceService.revokeKey, RevokeKeyRequest.fromPartial(said));
    else
      await this.#asOwner(
        AdminServiceService.rotateKey,
        RotateKeyRequest.fromPartial({ ...said, overlapSeconds, retireOlder: true }),
      );
  }

  /** One of those that are left, if any is. */
  async archiveProject(): Promise<void> {
    const [p] = this.#projects;
    if (p === undefined) return;
    this.#projects.delete(p);
    const request = ArchiveProjectRequest.fromPartial({
      name: projectName(p),
      comment: projectMark(p, 'hidden'),
    });
    await this.#asOwner(AdminServiceService.archiveProject, request);
  }

  async archiveProjects(): Promise<void> {
    while (this.#projects.size > 0) await this.archiveProject();
  }

  async #asOwner(method: object, request: unknown): Promise<void> {
    const { controlPlane, owner } = this.#site;
    try {
      await this.#site.call(controlPlane.grpcPort, method as AnyMethod, bearer(owner), request);
    } catch (error) {
      // Another call has ended it before, or what it was in.
      if (!ENDED.includes((error as FlagstreamError).reason)) throw error;
    }
  }
}
