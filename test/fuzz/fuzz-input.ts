// What one input of the fuzzer is: drawn from a source of its own, sent, and told in one word. Given the seed and
// its number it is the same input again, whatever was sent before it.

import type { Random } from '../sim/world/random.ts';
import type { GrpcWire } from './grpc-wire.ts';

/** One listener of a process. */
export interface Listener {
  readonly name:
    | 'control-plane'
    | 'evaluator'
    | 'control-plane-management'
    | 'evaluator-management'
    | 'evaluator-ofrep';
  readonly port: number;
}

export interface Outcome {
  /** How the listener answered: a status, or how the connection ended. */
  readonly answer: string;
  /** What must not be, in words. */
  readonly finding?: string;
}

export interface InputSite {
  readonly listener: Listener;
  /** Shared by the calls of one run whose headers and frames are sound. */
  readonly wire: GrpcWire;
  /** Of those that HTTP/2 itself may refuse, with all that is on their connection. */
  readonly roughWire: GrpcWire;
}

export interface InputKind {
  readonly name: string;
  /** Share among the kinds of a listener. Floods have none: they come once in so many inputs. */
  readonly weight: number;
  readonly send: (random: Random, site: InputSite) => Promise<Outcome>;
}
