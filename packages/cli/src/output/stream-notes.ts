/** What people who watch are told of the stream itself. */
import type { StreamListener } from '../connection/reconnecting-stream.ts';
import type { Terminal } from '../terminal.ts';

export function reconnecting(terminal: Terminal): Pick<StreamListener<never>, 'lost' | 'regained'> {
  return {
    lost: (error) => terminal.note(`${error?.message ?? 'the server closed the stream'}; trying again`),
    regained: () => terminal.note('connected again'),
  };
}
