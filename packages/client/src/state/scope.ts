/** The project and environment that a client evaluates for. */
export interface Scope {
  readonly project: string;
  readonly environment: string;
}
