/** A command line that cannot be carried out: exit code 2, nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to type instead, one sentence. */
  readonly next: string;

  constructor(message: string, next: string) {
    super(message);
    this.next = next;
  }
}
