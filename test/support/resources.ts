// What a test file holds open: child processes, servers, folders. Everything is given back after the
// file's last test (setup.ts calls releaseAll), newest first; whatever is still there when the worker
// ends goes by force.

import process from 'node:process';

export interface Resource {
  readonly what: string;
  /** Orderly end. Called at most once, and not at all when the test has ended it by itself. */
  release(): Promise<void> | void;
  /** Last resort while the process exits: must not wait for anything. */
  releaseNow(): void;
}

const held = new Set<Resource>();
let exitHooked = false;

/** Registers a resource; call the answer when the test has released it by itself. */
export function hold(resource: Resource): () => void {
  if (!exitHooked) {
    exitHooked = true;
    process.once('exit', () => {
      for (const left of held) left.releaseNow();
    });
  }
  held.add(resource);
  return () => {
    held.delete(resource);
  };
}

/** Releases everything held, newest first. Goes on after a failure, then reports all of them. */
export async function releaseAll(): Promise<void> {
  const failures: Error[] = [];
  for (const resource of [...held].reverse()) {
    held.delete(resource);
    try {
      await resource.release();
    } catch (error) {
      resource.releaseNow();
      failures.push(new Error(`could not release ${resource.what}`, { cause: error }));
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
}
