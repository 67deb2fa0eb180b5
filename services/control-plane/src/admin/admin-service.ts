/**
 * AdminService, as the gRPC host offers it. Requests arrive here, become edits,
 * and are decided and committed; every answer says its revision.
 */
import { AdminServiceService } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { ServiceBinding, Verb } from '@flagstream/runtime';
import { type ChangeParts, changeMethods } from './change-methods.ts';
import { environmentMethods } from './environment-methods.ts';
import { flagConfigMethods } from './flag-config-methods.ts';
import { flagMethods } from './flag-methods.ts';
import { type KeyParts, keyMethods } from './key-methods.ts';
import { projectMethods } from './project-methods.ts';
import { segmentMethods } from './segment-methods.ts';

export function adminService(parts: ChangeParts & KeyParts): ServiceBinding {
  return {
    definition: AdminServiceService,
    policy: POLICY,
    handlers: {
      ...projectMethods(parts),
      ...environmentMethods(parts),
      ...flagMethods(parts),
      ...segmentMethods(parts),
      ...flagConfigMethods(parts),
      ...changeMethods(parts),
      ...keyMethods(parts),
    },
  };
}

/** What each method needs. Written out, so that a new method is decided upon. */
const POLICY: Readonly<Record<keyof typeof AdminServiceService, Verb>> = {
  createProject: 'administer',
  getProject: 'read',
  listProjects: 'read',
  updateProject: 'administer',
  archiveProject: 'administer',
  createEnvironment: 'administer',
  getEnvironment: 'read',
  listEnvironments: 'read',
  updateEnvironment: 'administer',
  archiveEnvironment: 'administer',
  createFlag: 'write',
  getFlag: 'read',
  listFlags: 'read',
  updateFlag: 'write',
  archiveFlag: 'write',
  createSegment: 'write',
  getSegment: 'read',
  listSegments: 'read',
  updateSegment: 'write',
  archiveSegment: 'write',
  getFlagConfig: 'read',
  listFlagConfigs: 'read',
  updateFlagConfig: 'write',
  applyChangeSet: 'write',
  listChanges: 'read',
  diffRevisions: 'read',
  revert: 'write',
  createKey: 'administer',
  getKey: 'administer',
  listKeys: 'administer',
  rotateKey: 'administer',
  revokeKey: 'administer',
};
