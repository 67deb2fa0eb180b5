// A data folder with many revisions of the same set of flags: written through the control plane's own commit,
// without a process in between, because a million changes over gRPC would measure the filling.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { controlPlaneConfigSchema, startControlPlane } from '@flagstream/control-plane';
import { recordCodec } from '@flagstream/protocol';
import { FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange } from '@flagstream/replica';
import { createLogger } from '@flagstream/runtime';
import { ChangeLog, SYSTEM_ACTOR } from '../../services/control-plane/src/log/change-log.ts';
import { SqliteStore } from '../../services/control-plane/src/log/sqlite-store.ts';
import { Admin } from '../support/admin.ts';

export interface FilledLog {
  readonly flags: number;
  readonly revisions: number;
}

const SILENT = createLogger({ level: 'silent', service: 'soak', version: 'soak', nodeId: 'soak' });
const NO_BYTES = new Uint8Array(0);

/**
 * Creates `flags` boolean flags in a new folder, then switches them in turn until the log has `revisions` revisions.
 * One that was filled before only grows.
 */
export async function fillLog(dataDir: string, { flags, revisions }: FilledLog): Promise<void> {
  const file = path.join(dataDir, 'flagstream.db');
  if (!existsSync(file)) await createFlags(dataDir, flags);
  const store = new SqliteStore(file, recordCodec, { synchronous: 'normal' });
  const log = new ChangeLog({ store, codec: recordCodec, now: Date.now });
  const configs = store
    .entities({ kind: ENTITY_KIND.flagConfig, project: 'default', environment: 'development', limit: flags })
    .map(({ change }) => switched(change));
  for (let turn = 0; log.head().revision < revisions; turn++) {
    const pair = configs[turn % configs.length]!;
    const change = pair[Math.floor(turn / configs.length) % 2]!;
    const opId = `fill-${log.head().revision}`;
    log.append({ opId, requestDigest: NO_BYTES, actor: SYSTEM_ACTOR, comment: 'fill', changes: [change] });
  }
  store.close();
}

async function createFlags(dataDir: string, flags: number): Promise<void> {
  const config = controlPlaneConfigSchema.parse({ data: dataDir, grpcPort: 0, managementPort: 0 });
  const running = await startControlPlane(config, { logger: SILENT });
  try {
    const admin = new Admin(running.grpcPort);
    for (let index = 0; index < flags; index++) await admin.createBoolean(`flag-${index}`);
  } finally {
    await running.close();
  }
}

/** The same configuration off and on. */
function switched(change: EntityChange): readonly [EntityChange, EntityChange] {
  const stored = FlagConfig.decode(change.content);
  const withSwitch = (enabled: boolean): EntityChange => {
    const content = FlagConfig.encode({ ...stored, enabled }).finish();
    return { ...change, content, contentHash: recordCodec.sha256(content) };
  };
  return [withSwitch(false), withSwitch(true)];
}
