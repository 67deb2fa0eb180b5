/**
 * `eval --batch`: JSON lines in, one answer for each, in order. What holds: what
 * was read is answered before more is read, and what was answered has been
 * taken before more is, so memory is bounded however much comes.
 */
import type { Evaluation, JsonObject } from '@flagstream/engine';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { answerLine, badLineAnswer } from './batch-answer.ts';
import { isBadLine, LINE_BYTES_MAX, parseLine } from './batch-request.ts';
import { type Line, LineSplitter } from './line-splitter.ts';

/** Answers are passed on when they are this many characters, and when nothing more is at hand. */
const PASS_ON_CHARS = 65_536;

type Evaluate = (flag: string, context: JsonObject, nowMs: number | undefined) => Evaluation;

/** Answers `failure` when a line could not be understood. */
export async function runBatch(terminal: Terminal, evaluate: Evaluate): Promise<ExitCode> {
  const splitter = new LineSplitter(LINE_BYTES_MAX);
  let code: ExitCode = EXIT.ok;
  const answer = async (lines: Iterable<Line>): Promise<void> => {
    let text = '';
    for (const line of lines) {
      const request = parseLine(line);
      if (isBadLine(request)) {
        code = EXIT.failure;
        text += `${badLineAnswer(request)}\n`;
      } else {
        text += `${answerLine(request, evaluate(request.flag, request.context, request.nowMs))}\n`;
      }
      if (text.length < PASS_ON_CHARS) continue;
      await terminal.write(text);
      text = '';
    }
    if (text !== '') await terminal.write(text);
  };
  for await (const chunk of terminal.stdin)
    await answer(splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  await answer(splitter.end());
  return code;
}
